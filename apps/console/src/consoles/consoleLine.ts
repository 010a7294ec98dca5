/** How the line to a console stands. */
export type LineState =
  | { is: "connecting" }
  | { is: "open" }
  /** It broke, and is tried again. */
  | { is: "waiting"; why: string }
  /** Somebody else has it; it can be taken over. */
  | { is: "held"; why: string }
  /** The server or the host says no; trying again would change nothing. */
  | { is: "refused"; code: string; why: string };

/** Which console. */
export interface LineOptions {
  /** Address of the WebSocket. @param force takes it over from whoever has it */
  url: (force: boolean) => string;
  open: (url: string) => WebSocket;
  /** A new connection, before anything came on it. */
  onSocket: (socket: WebSocket) => void;
  onState: (state: LineState) => void;
  /** Asked when the server broke off or let nobody in without a word: resolves once somebody is signed in. */
  signedIn: () => Promise<unknown>;
  after: (ms: number, fn: () => void) => () => void;
}

/** Waits before each further attempt, in milliseconds; the last one again and again. */
const waits = [250, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** Close codes (RFC 6455 section 7.4.1 and its registry): the server restarts or hands over; a policy forbids it. */
const [comeAgain, notAllowed] = [1012, 1008];
/** Refusals that may pass by themselves. Each attempt stands in the audit log, so there is an end to them. */
const passes = (code: string): boolean => ["starting", "storeUnavailable", "rateLimited"].includes(code) || code.startsWith("host");

/** What a close frame of a refusal says: `inUse: somebody holds it`. */
export function refusalOf(code: number, reason: string): { code: string; why: string } | undefined {
  if (code < 4400 || code > 4599) return undefined;
  const colon = reason.indexOf(": ");
  return colon < 0 ? { code: "internal", why: reason } : { code: reason.slice(0, colon), why: reason.slice(colon + 2) };
}

/**
 * The line to one console: it connects, and connects again by itself when it breaks, until the server says that there
 * is no sense in it. A line that was taken over by another asks again once, and is then told who has it.
 */
export class ConsoleLine {
  readonly #options: LineOptions;
  #socket: WebSocket | undefined;
  #attempts = 0;
  #stop: (() => void) | undefined;
  #over = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** Connects, now; `force` takes the console over. */
  connect(force = false): void {
    this.#drop();
    this.#over = false;
    this.#options.onState({ is: "connecting" });
    let socket: WebSocket;
    try {
      socket = this.#options.open(this.#options.url(force));
    } catch (error) {
      return this.#options.onState({ is: "refused", code: "internal", why: String(error) });
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("close", ({ code, reason }) => this.#socket === socket && this.#closed(code, reason));
    this.#options.onSocket(socket);
  }

  /** Something came on it: it is open, and not only about to be refused. */
  heard(): void {
    this.#attempts = 0;
    this.#options.onState({ is: "open" });
  }

  /** Ends it for good. */
  end(): void {
    this.#over = true;
    this.#drop();
  }

  #drop(): void {
    this.#stop?.();
    this.#stop = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #closed(code: number, reason: string): void {
    this.#socket = undefined;
    if (this.#over) return;
    const refusal = refusalOf(code, reason);
    if (refusal && (!passes(refusal.code) || this.#attempts >= waits.length)) {
      const { code: name, why } = refusal;
      return this.#options.onState(name === "inUse" ? { is: "held", why } : { is: "refused", code: name, why });
    }
    this.#options.onState({ is: "waiting", why: refusal?.why ?? reason });
    const wait = code === comeAgain && this.#attempts === 0 ? waits[0] : waits[Math.min(this.#attempts, waits.length - 1)]!;
    this.#attempts++;
    const again = (): void => {
      this.#stop = this.#options.after(wait, () => this.connect());
    };
    // Without a word: the server may be gone, or may not know the session any more. A question to it tells which.
    if (refusal || (code !== notAllowed && code !== 1006)) return again();
    this.#options.signedIn().then(
      () => this.#over || this.#socket || again(),
      () => this.#over || this.#socket || again(),
    );
  }
}
