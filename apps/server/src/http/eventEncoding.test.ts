import { gunzipSync, constants } from "node:zlib";
import type { Event } from "@polyvisor/model";
import { expect, test } from "vitest";
import { encodedRun, encodedText, gzipStart, takesGzip } from "./eventEncoding.ts";

const run = (from: number, count: number): Event[] =>
  Array.from({ length: count }, (_, i) => ({
    id: String(from + i),
    at: "2026-01-01T00:00:00.000Z",
    type: "changed",
    kind: "vm",
    objectId: "vm-1",
    fields: ["größe"],
  }));
const unpacked = (...pieces: Buffer[]): string => gunzipSync(Buffer.concat([gzipStart, ...pieces]), { finishFlush: constants.Z_SYNC_FLUSH }).toString();

test("pieces fit behind one another in any stream, whoever they were made for", () => {
  const [one, two, three] = [run(1, 3), run(4, 500), run(504, 1)] as const;
  const plain = (each: readonly Event[]): string => encodedRun(each, "plain").toString();
  const gzip = (each: readonly Event[]): Buffer => encodedRun(each, "gzip");
  expect(unpacked(encodedText("ready\n\n", "gzip"), gzip(one), gzip(two), gzip(three))).toBe(`ready\n\n${plain(one)}${plain(two)}${plain(three)}`);
  expect(unpacked(gzip(two), encodedText(":\n\n", "gzip"), gzip(three))).toBe(`${plain(two)}:\n\n${plain(three)}`);
  expect(plain(three)).toBe(`id: 504\nevent: changed\ndata: ${JSON.stringify(three[0])}\n\n`);
});

test("the same events are made into bytes once", () => {
  const some = run(1, 10);
  expect(encodedRun(some, "gzip")).toBe(encodedRun(some, "gzip"));
  expect(encodedRun(some, "plain")).toBe(encodedRun(some, "plain"));
  expect(encodedRun(some, "gzip").length).toBeLessThan(encodedRun(some, "plain").length / 3);
});

test.each([
  ["gzip", true],
  ["br, gzip;q=0.5", true],
  ["gzip;q=1.0, *;q=0", true],
  ["GZIP", true],
  ["gzip;q=0", false],
  ["gzip; q=0.000", false],
  ["br, deflate", false],
  ["", false],
  [undefined, false],
])("Accept-Encoding %s: gzip %s", (header, wanted) => expect(takesGzip(header)).toBe(wanted));
