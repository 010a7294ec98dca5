import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { ChainVerifier, type AuditCheckpoint, type AuditCrypto, type AuditEntry, type AuditLine, type AuditVerdict } from "@polyvisor/api";
import type { Context, Run } from "../command.ts";
import { confirm } from "../change.ts";
import { exitCodes } from "../exitCode.ts";
import { usageFailure } from "../failure.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { timeText } from "../output/quantity.ts";
import { show } from "../show.ts";
import { timeOption } from "./history.ts";
import { wholeNumber } from "./lifecycle.ts";

const spki = Buffer.from("302a300506032b6570032100", "hex"); // RFC 8410, before the 32 bytes of the key
const crypto: AuditCrypto = {
  sha256: (text) => createHash("sha256").update(text, "utf8").digest("hex"),
  verify: (key, text, signature) =>
    verifySignature(
      null,
      Buffer.from(text),
      createPublicKey({ key: Buffer.concat([spki, Buffer.from(key, "base64")]), format: "der", type: "spki" }),
      Buffer.from(signature, "base64"),
    ),
};

const option = (context: Context, name: string): string | undefined => context.options[name] as string | undefined;

/** `audit-log list`. */
export const list: Run = async (context) => {
  const outcome = option(context, "outcome");
  if (outcome !== undefined && !["done", "refused", "failed"].includes(outcome)) throw usageFailure(`--outcome takes done, refused or failed, not ${outcome}.`);
  const limit = context.options["limit"] === undefined ? 50 : wholeNumber(context.options["limit"], "--limit");
  const query = {
    by: option(context, "by"),
    action: option(context, "action"),
    outcome: outcome as "done" | undefined,
    object: option(context, "object"),
    from: timeOption(context, "from"),
    to: timeOption(context, "to"),
  };
  const client = await context.client();
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call("auditLogList", { query: { ...query, limit: Math.min(1000, limit - entries.length), cursor } });
    entries.push(...page.items.map((line) => line.entry));
    cursor = page.next;
  } while (cursor !== undefined && entries.length < limit);
  await showList(
    context,
    entries,
    [
      { title: "TIME", text: (entry) => timeText(entry.at) ?? entry.at, whole: true },
      { title: "BY", text: (entry) => entry.by },
      { title: "FROM", text: (entry) => entry.from, expendable: 2 },
      { title: "ACTION", text: (entry) => [entry.action, entry.details?.["do"]].filter(Boolean).join(" "), whole: true },
      { title: "OUTCOME", text: (entry) => [entry.outcome, entry.code, entry.times && `x${entry.times}`].filter(Boolean).join(" ") },
      { title: "ABOUT", text: (entry) => entry.name ?? entry.object },
      { title: "TASK", text: (entry) => entry.task, expendable: 1 },
    ],
    {
      wide: [
        { title: "SEQ", text: (entry) => String(entry.seq), figures: true },
        { title: "REQUEST", text: (entry) => entry.request },
        { title: "TOKEN", text: (entry) => entry.token },
        { title: "SERVER", text: (entry) => entry.server },
      ],
      name: (entry) => String(entry.seq),
      empty: "No entry fits.",
    },
  );
};

async function fetched(context: Context): Promise<Readable> {
  const answer = await (await context.client()).raw("auditLogExport");
  return Readable.from(answer.body as unknown as AsyncIterable<Uint8Array>);
}

/** `audit-log export FILE`: under another name until it is complete. */
export const exportLog: Run = async (context) => {
  const file = context.words[0]!;
  if (file !== "-" && existsSync(file) && !context.options["force"]) throw usageFailure(`${file} is already there.`, "Say --force to write over it.");
  const source = await fetched(context);
  if (file === "-") {
    for await (const chunk of source) context.io.stdout.write(chunk as Uint8Array);
    return;
  }
  const fresh = `${file}.part`;
  try {
    await writeFile(fresh, source, { mode: 0o600 });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  context.say(`${file}: written. Check it with: polyvisor audit-log verify ${file}`);
};

function keptCheckpoint(file: string): AuditCheckpoint {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as AuditCheckpoint;
    if (typeof value === "object" && value !== null && Number.isSafeInteger(value.seq) && typeof value.hash === "string") return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw usageFailure(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? ""}.`);
  }
  throw usageFailure(`${file} is not a checkpoint.`, "audit-log checkpoint FILE writes one.");
}

async function check(context: Context, lines: Readable, each?: (line: AuditLine) => void): Promise<AuditVerdict> {
  const verifier = new ChainVerifier({
    crypto,
    kept: ((context.options["checkpoint"] as string[] | undefined) ?? []).map(keptCheckpoint),
    ...(context.options["key"] ? { keys: context.options["key"] as string[] } : {}),
  });
  for await (const line of createInterface({ input: lines, crlfDelay: Infinity })) {
    verifier.line(line);
    if (each && line.startsWith('{"entry"')) each(JSON.parse(line) as AuditLine);
  }
  return verifier.end();
}

const opened = async (file: string): Promise<Readable> => {
  const stream = createReadStream(file);
  await new Promise((resolve, reject) => {
    stream
      .once("open", resolve)
      .once("error", (error: NodeJS.ErrnoException) => reject(usageFailure(`${file} cannot be read: ${error.code ?? error.message}.`)));
  });
  return stream;
};

/** `audit-log verify [FILE]`. */
export const verify: Run = async (context) => {
  const file = context.words[0];
  const verdict = await check(context, file === undefined ? await fetched(context) : await opened(file));
  const range = verdict.first === undefined ? "no entries" : `entries ${verdict.first} to ${verdict.last}`;
  await show(context, verdict, () =>
    verdict.ok
      ? [`${range}: as they were written; ${verdict.checkpoints} checkpoints, signed by ${verdict.keys.join(", ")}`]
      : [...verdict.faults.map(({ at, what }) => `${escapeText(at)}: ${escapeText(what)}`), `${range}: NOT as they were written`],
  );
  return verdict.ok ? exitCodes.ok : exitCodes.failed;
};

/** `audit-log checkpoint [FILE]`. */
export const checkpoint: Run = async (context) => {
  const file = context.words[0];
  const signed = await (await context.client()).call("auditCheckpointCreate");
  const text = `${JSON.stringify(signed)}\n`;
  if (file === undefined || file === "-") return void context.io.stdout.write(text);
  await writeFile(file, text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    throw usageFailure(error.code === "EEXIST" ? `${file} is already there.` : `${file} cannot be written: ${error.code}.`);
  });
  context.say(`${file}: entry ${signed.seq}, signed by ${signed.key}. Keep it away from the server.`);
};

/** `audit-log archive FILE --before TIME`. */
export const archive: Run = async (context) => {
  const file = context.words[0]!;
  const before = timeOption(context, "before");
  if (before === undefined) throw usageFailure("audit-log archive needs --before TIME.");
  let last: AuditLine | undefined;
  let passed = false;
  const verdict = await check(context, await opened(file), (line) => {
    if (!passed && line.entry.at < before) last = line;
    else passed = true;
  });
  if (!verdict.ok) throw usageFailure(`${file} is not as it was exported: ${verdict.faults[0]!.what}.`, "Export it anew: polyvisor audit-log export FILE");
  if (!last) return context.note("Nothing is older.");
  const question = `Drop entries ${verdict.first} to ${last.entry.seq} of the audit log? ${file} is the only copy then.`;
  await confirm(context, question);
  const { root, dropped } = await (await context.client()).call("auditLogArchive", { body: { seq: last.entry.seq, hash: last.hash } });
  context.say(`${dropped} entries dropped; the log goes on from the signed entry ${root.seq}`);
};
