import { isIPv6 } from "node:net";
import { PolyvisorError } from "@polyvisor/model";

interface Bucket {
  left: number;
  at: number;
}

export interface AttemptsOptions {
  /** Attempts that may follow each other at once. */
  burst: number;
  /** Seconds until one more is allowed. */
  secondsEach: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Keys that are remembered; the longest untouched is forgotten first. */
  most?: number;
}

/** Counts attempts by key; a success gives its attempt back, so that only failures wear it down. */
export class Attempts {
  readonly #buckets = new Map<string, Bucket>();
  readonly #options: Required<AttemptsOptions>;

  constructor(options: AttemptsOptions) {
    this.#options = { now: Date.now, most: 10_000, ...options };
  }

  /** @throws PolyvisorError `rateLimited`, whose detail says for how long */
  take(key: string, what: string): void {
    const bucket = this.#fill(key);
    if (bucket.left < 1) {
      const seconds = Math.max(1, Math.ceil((1 - bucket.left) * this.#options.secondsEach));
      throw new RateLimited(what, seconds);
    }
    bucket.left--;
  }

  giveBack(key: string): void {
    const bucket = this.#fill(key);
    bucket.left = Math.min(this.#options.burst, bucket.left + 1);
  }

  #fill(key: string): Bucket {
    const { burst, secondsEach, now, most } = this.#options;
    const at = now();
    const old = this.#buckets.get(key);
    // A clock that was set back must not lock anyone out, and one set forth only fills.
    const bucket = { left: old ? Math.min(burst, old.left + Math.max(0, at - old.at) / 1000 / secondsEach) : burst, at };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > most) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket;
  }
}

/** `rateLimited` with the seconds for the Retry-After header. */
export class RateLimited extends PolyvisorError {
  readonly seconds: number;
  constructor(what: string, seconds: number, remedy?: string) {
    super("rateLimited", { detail: `too many ${what}; try again in ${seconds} s`, ...(remedy === undefined ? {} : { remedy }) });
    this.seconds = seconds;
  }
}

/** What one site can be told apart by: an IPv4 address, or the /64 that an IPv6 site is given. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const before = head.split(":").filter(Boolean);
  const after = tail?.split(":").filter(Boolean) ?? [];
  const groups = [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((each) => Number.parseInt(each, 16).toString(16))
    .join(":")}::/64`;
}

/** Whether it is this machine. */
export const isLoopback = (address: string | undefined): boolean => address !== undefined && (/^(::ffff:)?127\./i.test(address) || address === "::1");
