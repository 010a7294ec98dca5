import { hash, verify } from "@node-rs/argon2";
import { PolyvisorError } from "@polyvisor/model";

/**
 * The form in which a pass phrase is hashed: OpaqueString of RFC 8265 (section 4.2.2), so that the same keys give the
 * same bytes on every keyboard. Every space that is not ASCII becomes an ASCII one, then Unicode's form C; case and
 * number of spaces are kept. Unlike the RFC nothing is refused but text that is no Unicode at all.
 */
export function preparePassPhrase(text: string): string {
  if (!text.isWellFormed())
    throw new PolyvisorError("badRequest", { detail: "the pass phrase has half of a surrogate pair, which is no character", where: "/passPhrase" });
  return text.replace(/\p{Zs}/gu, " ").normalize("NFC");
}

// OWASP's first choice for argon2id: 19 MiB, 2 passes, 1 lane. Some 30 ms of one processor.
const cost = { algorithm: 2 as const, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** At once; the rest waits, and beyond that is sent away: attempts cannot take the machine's memory or processors. */
const atOnce = 2;
const waitingMost = 32;
/** Who comes from a device or place where the account is known waits in a line of its own, which goes first. */
export type Line = "familiar" | "strangers";

/** Hashes and checks pass phrases, a few at a time. */
export class PassPhrases {
  #running = 0;
  readonly #waiting: Record<Line, (() => void)[]> = { familiar: [], strangers: [] };
  /** Checked where there is nothing to check, so that the time does not tell whether an account exists. */
  readonly #nobody = hash("nobody has this pass phrase", cost);

  hash(text: string): Promise<string> {
    const prepared = preparePassPhrase(text);
    return this.#limited("familiar", () => hash(prepared, cost)); // asked for by who is signed in
  }

  /** @param kept argon2id in PHC form; undefined checks for as long and is never right */
  async check(kept: string | undefined, text: string, line: Line = "familiar"): Promise<boolean> {
    const prepared = text.isWellFormed() ? preparePassPhrase(text) : "\u0000";
    const right = await this.#limited(line, async () => verify(kept ?? (await this.#nobody), prepared));
    return right && kept !== undefined;
  }

  async #limited<T>(line: Line, work: () => Promise<T>): Promise<T> {
    if (this.#running >= atOnce) {
      if (this.#waiting[line].length >= waitingMost) throw new PolyvisorError("rateLimited", { detail: "too many sign-ins are under way" });
      await new Promise<void>((resolve) => this.#waiting[line].push(resolve)); // the place is handed over
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.familiar.shift() ?? this.#waiting.strangers.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
