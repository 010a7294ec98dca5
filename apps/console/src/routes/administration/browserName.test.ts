import { expect, test } from "vitest";
import { browserName } from "./browserName.ts";

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge, Windows"],
  ["Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome, Android"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari, macOS"],
  ["polyvisor/0.1.0", "polyvisor/0.1.0"],
  ["", undefined],
  [undefined, undefined],
])("%s", (client, name) => expect(browserName(client)).toBe(name));

test("a program that calls itself a novel is cut off", () => expect(browserName("x".repeat(4000))).toHaveLength(60));
