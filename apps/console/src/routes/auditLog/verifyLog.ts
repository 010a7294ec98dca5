import { ChainVerifier, type AuditVerdict } from "@polyvisor/api/audit";
import { api } from "../../session/session.ts";
import { sha256 } from "../../session/sha256.ts";

/** What a check of the whole log found. */
export interface LogVerdict extends AuditVerdict {
  /** Whether this browser could check signatures; where not, only the chain of hashes was. */
  signatures: boolean;
}

const utf8 = new TextEncoder();
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const ofBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));

/** Pages of plain HTTP have no cryptography of the browser's own, and not every browser has Ed25519. */
async function canCheckSignatures(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

async function isSigned({ key, text, signature }: { key: string; text: string; signature: string }): Promise<boolean> {
  try {
    const imported = await crypto.subtle.importKey("raw", ofBase64(key), { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, ofBase64(signature), utf8.encode(text));
  } catch {
    return false;
  }
}

/** Reads lines of a body as they come. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const lines = (rest + next.value).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/**
 * Reads the whole log as it would be exported and checks it here, in the browser: every hash, every signature.
 * @param entries told now and then, for a picture of how far it is
 */
export async function verifyLog(signal: AbortSignal, entries: (count: number) => void): Promise<LogVerdict> {
  const signatures = await canCheckSignatures();
  const claims: { key: string; text: string; signature: string; at: string }[] = [];
  let count = 0;
  const verifier = new ChainVerifier({
    crypto: {
      sha256: (text) => hex(sha256(utf8.encode(text))),
      // The browser answers later: what is claimed is kept, and each claim is checked at the end.
      verify(key, text, signature) {
        claims.push({ key, text, signature, at: `entry ${count}` });
        return true;
      },
    },
  });
  const answer = await api.raw("auditLogExport", { signal });
  for await (const line of linesOf(answer.body!)) {
    signal.throwIfAborted();
    verifier.line(line);
    if (line.startsWith('{"entry"') && ++count % 500 === 0) entries(count);
  }
  const verdict = verifier.end();
  const faults = [...verdict.faults];
  if (signatures)
    for (const claim of claims)
      if (!(await isSigned(claim))) faults.push({ at: claim.at, what: "the checkpoint's signature is wrong: it was changed after it was signed" });
  return { ...verdict, faults, ok: faults.length === 0, signatures };
}
