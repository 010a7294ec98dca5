import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import type { Run } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { escapeText } from "../output/escape.ts";
import { show } from "../show.ts";

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "default"] as const;

/** `server log-level [LEVEL] [--room ROOM]`. */
export const logLevel: Run = async (context) => {
  const [word] = context.words;
  const room = context.options["room"] as string | undefined;
  const level = levels.find((each) => each === word);
  if (word !== undefined && level === undefined) throw usageFailure(`There is no level "${word}".`, `It is one of ${levels.join(", ")}.`);
  if (level === undefined && room !== undefined) throw usageFailure("--room goes with a level.", "polyvisor server log-level shows those of all rooms.");
  const client = await context.client();
  const now =
    level === undefined ? await client.call("logLevelsGet") : await client.call("logLevelsSet", { body: { level, ...(room === undefined ? {} : { room }) } });
  await show(context, now, () => {
    const rooms = Object.entries(now.rooms);
    const width = Math.max(0, ...rooms.map(([name]) => name.length));
    return [`The server's log tells ${now.level} and above.`, ...rooms.map(([name, each]) => `  ${escapeText(name).padEnd(width)}  ${each}`)];
  });
};

/** `support-bundle FILE`: for the eyes of its owner only, and never half. */
export const supportBundle: Run = async (context) => {
  const [file] = context.words as [string];
  if (existsSync(file) && !context.options["force"]) throw usageFailure(`${file} is already there.`, "Say --force to write over it.");
  const client = await context.client();
  const content = Buffer.from(await (await client.raw("supportBundle")).arrayBuffer());
  const fresh = `${file}.part`;
  try {
    await writeFile(fresh, content, { mode: 0o600 });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw new CliFailure(
      exitCodes.failed,
      `${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
      "Name a file in a folder that you may write to.",
    );
  }
  context.say(`${file}: ${Math.ceil(content.length / 1024)} KiB. Look through it before you give it away: tar -tzf ${file}`);
};
