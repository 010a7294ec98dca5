import type { Context } from "./command.ts";
import { jsonText, yamlText } from "./output/structured.ts";

/** Prints a value as `-o` says; `lines` is its table form. */
export async function show<T>(context: Context, value: T, lines: (value: T) => readonly string[]): Promise<void> {
  if (context.output === "json") context.io.stdout.write(jsonText(value));
  else if (context.output === "yaml") context.io.stdout.write(await yamlText(value));
  else for (const line of lines(value)) context.say(line);
}
