import { PolyvisorError } from "@polyvisor/model";
import type pg from "pg";
import { addressKey, isLoopback, RateLimited } from "./attempts.ts";
import type { Handles } from "./handles.ts";
import type { Line } from "./passPhrase.ts";
import { SharedAttempts } from "./sharedAttempts.ts";

const deviceMs = 400 * 86_400_000;
const wayOut =
  "Sign in from a device or address that you used before, by a passkey, or with a one-time code: `polyvisor sign-in code` on the server's machine gives one.";

/** An attempt that was let through. */
export interface Attempt {
  /** Whether it comes from where the account is known: strangers do not get in its way. */
  line: Line;
  /** To be called when it was right: only failures count. */
  right(): Promise<void>;
}

/** Where a sign-in comes from. */
export interface From {
  address: string;
  /** What the client calls itself (User-Agent). */
  client?: string | undefined;
  /** What a sign-in of this account on this device left there. */
  device?: string | undefined;
  /** Whether something in between passed it on, so that the address is not the person's. */
  passedOn?: boolean | undefined;
}

/**
 * Slows guessing, and locks nobody out by the failures of others: who signed in before from a device or an address is
 * counted apart there (device cookies, as OWASP describes them). Only strangers share a count, by name. All servers of
 * the site count together.
 */
export class SignInThrottle {
  readonly #handles: Handles;
  readonly #byAddress: SharedAttempts;
  readonly #familiar: SharedAttempts;
  readonly #strangers: SharedAttempts;

  constructor(handles: Handles, pool: pg.Pool, now?: () => number) {
    this.#handles = handles;
    this.#byAddress = new SharedAttempts({ pool, of: "address", burst: 10, secondsEach: 6, now });
    this.#familiar = new SharedAttempts({ pool, of: "familiar", burst: 10, secondsEach: 30, now });
    this.#strangers = new SharedAttempts({ pool, of: "strangers", burst: 50, secondsEach: 30, now });
  }

  /**
   * Counts an attempt.
   * @param name that a pass phrase is tried for; absent for what cannot be guessed
   * @param knownPlace whether this account signed in from the address lately
   * @throws RateLimited
   */
  async begin(from: From, name?: string, knownPlace = false): Promise<Attempt> {
    const address = addressKey(from.address);
    const taken: [SharedAttempts, string][] = [];
    const take = async (attempts: SharedAttempts, key: string, what: string): Promise<void> => {
      try {
        await attempts.take(key, what);
      } catch (error) {
        await giveBack(); // one refusal is not two failures
        throw error instanceof RateLimited ? new RateLimited(what, error.seconds, name === undefined ? undefined : `Wait, or: ${wayOut}`) : error;
      }
      taken.push([attempts, key]);
    };
    const giveBack = async (): Promise<void> => void (await Promise.all(taken.map(([attempts, key]) => attempts.giveBack(key))));
    const device = name === undefined || from.device === undefined ? undefined : this.#handles.read<{ name: string; id: string }>("device", from.device);
    const passed = (line: Line): Attempt => ({ line, right: giveBack });
    if (name !== undefined && device?.name === name) {
      await take(this.#familiar, `device ${device.id}`, "sign-ins to this account from this device");
      return passed("familiar");
    }
    await take(this.#byAddress, address, "sign-ins from this address");
    // A proxy's address is everybody's.
    if (name === undefined || (isLoopback(from.address) && !from.passedOn)) return passed("familiar");
    if (knownPlace && !from.passedOn) {
      await take(this.#familiar, `place ${name} ${address}`, "sign-ins to this account from this address");
      return passed("familiar");
    }
    await take(this.#strangers, name, "sign-ins to this account from places where it is new");
    return passed("strangers");
  }

  /** What a device keeps after a sign-in; worthless without the pass phrase. */
  device(name: string, id: string): string {
    return this.#handles.make("device", { name, id }, deviceMs);
  }
}

/** The same for every way of not being let in by name and pass phrase. */
export const wrongPassPhrase = (): PolyvisorError => new PolyvisorError("wrongCredentials", { detail: "no account has this name and pass phrase" });
