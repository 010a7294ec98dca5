import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { change } from "../change.ts";
import type { Run } from "../command.ts";
import { usageFailure } from "../failure.ts";
import { wholeNumber } from "./lifecycle.ts";

const extensions: Record<string, string> = { "image/png": "png", "image/x-portable-pixmap": "ppm", "image/jpeg": "jpg" };

/** `screenshot VM FILE`: the picture as the hypervisor makes it; says so when the file's name promises another format. */
export const screenshot: Run = async (context) => {
  const [vm, file] = context.words as [string, string];
  if (file === "-" && context.io.stdout.isTTY)
    throw usageFailure("A picture does not belong on a terminal.", "Name a file, or send it on: polyvisor screenshot VM - | …");
  const client = await context.client();
  const answer = await client.raw("vmScreenshot", { params: { id: vm } });
  const type = (answer.headers.get("content-type") ?? "").split(";")[0]!.trim();
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (file === "-") return void context.io.stdout.write(bytes);
  const fresh = `${file}.${process.pid}.part`;
  try {
    await pipeline(Readable.from([bytes]), createWriteStream(fresh));
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw usageFailure(`${file} cannot be written: ${(error as Error).message}.`);
  }
  const is = extensions[type];
  if (is && !file.toLowerCase().endsWith(`.${is}`)) context.note(`The picture is ${type}: name it .${is} for programs that go by the name.`);
};

const keyNames: Record<string, string> = {
  ctl: "ctrl",
  control: "ctrl",
  del: "delete",
  return: "enter",
  escape: "esc",
  windows: "meta",
  win: "meta",
  super: "meta",
  ins: "insert",
  pgup: "pageup",
  pgdn: "pagedown",
};

/** Keys as people write them (`Ctrl-Alt-Del`, `ctrl+c`, `KEY_F2`) in one spelling. */
export function keysOf(words: readonly string[]): string[] {
  return words
    .flatMap((word) => (word === "+" || word === "-" ? [word] : word.split(/[+-](?=.)/).filter(Boolean)))
    .map((word) => {
      const key = word.toLowerCase().replace(/^key_/, "");
      return keyNames[key] ?? key;
    });
}

/** `send-keys VM KEY...`: pressed together. */
export const sendKeys: Run = (context) => {
  const [vm, ...keys] = context.words as [string, ...string[]];
  const hold = context.options["hold"];
  return change(context, { do: "vm.sendKeys", vms: [vm], keys: keysOf(keys), ...(hold === undefined ? {} : { holdMs: wholeNumber(hold, "--hold") }) });
};
