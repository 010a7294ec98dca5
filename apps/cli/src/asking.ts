import { interrupted, usageFailure } from "./failure.ts";
import type { Io } from "./io.ts";

/** Asks for a secret on the terminal; what is typed is not shown. */
export async function askSecret(message: string): Promise<string> {
  const { password, isCancel } = await import("@clack/prompts");
  const answer = await password({ message, output: process.stderr });
  if (isCancel(answer)) throw interrupted();
  return answer;
}

/** Lines of standard input where it is a pipe: secrets for scripts. At most `limit` bytes are read. */
export async function inputLines(io: Io, limit = 64 * 1024): Promise<string[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw usageFailure("Standard input is too long for a secret.");
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString("utf8").split(/\r?\n/);
}
