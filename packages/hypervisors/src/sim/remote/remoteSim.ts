import { connect, type Socket } from "node:net";
import { PolyvisorError, type Action, type Change, type FeatureTable, type Inventory, type Samples } from "@polyvisor/model";
import type { ConnectOptions, Hypervisor, HypervisorKind, RunContext, RunResult } from "../../hypervisor.ts";
import { cancelled } from "../actions/handler.ts";
import { changesUnderWay, errorOf, readLines, writeLine, type Ask, type Told } from "./wire.ts";

/** `Ask` without its number, of each of its forms. */
type Question = Ask extends infer Each ? (Each extends Ask ? Omit<Each, "n"> : never) : never;

/**
 * Simulated hosts that live in another process: `sim+unix://ESTATE/HOST?socket=PATH&vms=25`, served there by `serveSim`.
 * Each host has a connection of its own, as real ones do. Consoles and contents of volumes do not come over it.
 */
export const remoteSimKind: HypervisorKind = {
  name: "sim+unix",
  accepts: (uri) => uri.protocol === "sim+unix:",
  async connect(uri: URL, options: ConnectOptions): Promise<Hypervisor> {
    const path = uri.searchParams.get("socket");
    if (!path?.startsWith("/"))
      throw new PolyvisorError("badUri", {
        detail: `${uri.href.slice(0, 200)} names no socket`,
        where: "uri",
        remedy: "Add the socket that the simulated hosts are served at: sim+unix://demo/host-0001?socket=/run/sim.sock",
      });
    const remote = new RemoteSim(inItsOwnProcess(uri.href), path, options);
    await remote.opened;
    return remote;
  },
};

/** A question that is not answered yet. */
interface Open {
  resolve(value: unknown): void;
  reject(error: Error): void;
  told?: (told: Told) => void;
}

class RemoteSim implements Hypervisor {
  features: FeatureTable = {} as FeatureTable;
  readonly closed: Promise<Error | undefined>;
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #asked = new Map<number, Open>();
  readonly #settle: (error: Error | undefined) => void;
  #last = 0;
  #over: { error: Error | undefined } | undefined;
  #why: Error | undefined;

  constructor(uri: string, path: string, { signal, openTimeoutMs, callTimeoutMs }: ConnectOptions) {
    const closed = Promise.withResolvers<Error | undefined>();
    this.closed = closed.promise;
    this.#settle = closed.resolve;
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    const socket = (this.#socket = connect({ path }));
    const stop = (): void => void socket.destroy(cancelled("the connection was not made"));
    const timer = setTimeout(() => {
      this.#why = new PolyvisorError("hostTimeout", { detail: `nothing answered at ${path} within ${openTimeoutMs} ms` });
      socket.destroy();
    }, openTimeoutMs);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const open = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    };
    socket.on("connect", () => writeLine(socket, { uri, openTimeoutMs, callTimeoutMs }));
    socket.on("error", (error) => {
      this.#why ??= error instanceof PolyvisorError ? error : new PolyvisorError("hostRefused", { detail: `${path}: ${error.message}`, cause: error });
    });
    socket.on("close", () => {
      open();
      this.#end(this.#why ?? new PolyvisorError("hostUnreachable", { detail: `the process of the simulated hosts at ${path} closed the connection` }));
      opened.reject(this.#over!.error ?? cancelled("the connection was closed"));
    });
    readLines(socket, (line) => {
      const told = line as Told;
      if ("features" in told) {
        open();
        this.features = withoutStreams(told.features);
        opened.resolve();
      } else if (told.n === 0 && "failure" in told) this.#why = errorOf(told.failure);
      else this.#take(told);
    });
  }

  inventory(signal?: AbortSignal): Promise<Inventory> {
    return this.#ask({ do: "inventory" }, signal) as Promise<Inventory>;
  }
  samples(signal?: AbortSignal): Promise<Samples> {
    return this.#ask({ do: "samples" }, signal) as Promise<Samples>;
  }
  observe(action: Action, signal?: AbortSignal): ReturnType<Hypervisor["observe"]> {
    return this.#ask({ do: "observe", action: translated(action) }, signal) as ReturnType<Hypervisor["observe"]>;
  }
  definition(vm: string, which: "live" | "nextStart"): Promise<string> {
    return this.#ask({ do: "definition", vm, which }) as Promise<string>;
  }
  async run(action: Action, { signal, progress }: RunContext): Promise<RunResult> {
    const result = await this.#ask({ do: "run", action: translated(action) }, signal, (told) => "progress" in told && progress(told.progress, told.message));
    progress(1);
    return result as RunResult;
  }
  async screenshot(vm: string): ReturnType<Hypervisor["screenshot"]> {
    const { type, bytes } = (await this.#ask({ do: "screenshot", vm })) as { type: string; bytes: string };
    return { type, bytes: Buffer.from(bytes, "base64") };
  }

  async *changes(signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
    const queue: Change[] = [];
    let over: { error: Error | undefined } | undefined;
    let wake = (): void => undefined;
    const n = this.#last + 1;
    this.#ask({ do: "changes" }, signal, (told) => {
      if ("change" in told) queue.push(told.change);
      wake();
    }).then(
      () => {
        over = { error: undefined };
        wake();
      },
      (error: unknown) => {
        over = { error: error as Error };
        wake();
      },
    );
    signal.addEventListener("abort", () => wake(), { once: true });
    let taken = 0;
    while (!signal.aborted) {
      const change = queue.shift();
      if (change) {
        if (++taken === changesUnderWay / 4 && !this.#over) {
          writeLine(this.#socket, { n, do: "took", count: taken });
          taken = 0;
        }
        yield change;
      } else if (over) {
        if (over.error && this.#over?.error) throw over.error;
        return;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  console(): Promise<never> {
    return noStreams("consoles");
  }
  readVolume(): Promise<never> {
    return noStreams("contents of volumes");
  }
  writeVolume(): Promise<never> {
    return noStreams("contents of volumes");
  }

  async close(): Promise<void> {
    this.#end(undefined);
    this.#socket.destroy();
  }

  #ask(question: Question, signal?: AbortSignal, told?: (told: Told) => void): Promise<unknown> {
    if (this.#over)
      return Promise.reject(this.#over.error ?? new PolyvisorError("hostUnreachable", { detail: "the connection to the simulated host is closed" }));
    if (signal?.aborted) return Promise.reject(cancelled("the call was given up"));
    const n = ++this.#last;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#asked.delete(n);
        signal?.removeEventListener("abort", stop);
      };
      // An action says itself how far it came; whoever reads gives up at once.
      const stop = (): void => {
        if (!this.#over) writeLine(this.#socket, { n, do: "cancel" });
        if (question.do === "run") return;
        leave();
        reject(cancelled("the call was given up"));
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.#asked.set(n, {
        resolve: (value) => (leave(), resolve(value)),
        reject: (error) => (leave(), reject(error)),
        ...(told ? { told } : {}),
      });
      writeLine(this.#socket, { n, ...question } as Ask);
    });
  }

  #take(told: Exclude<Told, { features: FeatureTable }>): void {
    const open = this.#asked.get(told.n);
    if (!open) return;
    if ("failure" in told) open.reject(errorOf(told.failure));
    else if ("value" in told || !("change" in told || "progress" in told)) open.resolve((told as { value?: unknown }).value);
    else open.told?.(told);
  }

  #end(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = { error };
    const why = error ?? new PolyvisorError("hostUnreachable", { detail: "the connection to the simulated host is closed" });
    for (const open of this.#asked.values()) open.reject(why);
    this.#settle(error);
  }
}

/** What a host is called in the process that it lives in. */
function inItsOwnProcess(text: string): string {
  const uri = new URL(text.replace(/^sim\+unix:/, "sim:"));
  uri.searchParams.delete("socket");
  return uri.href;
}

const translated = (action: Action): Action =>
  action.verb === "vm.migrate" && URL.canParse(action.to) ? { ...action, to: inItsOwnProcess(action.to) } : action;

const notHere = "simulated hosts of another process have no byte streams";

function withoutStreams(features: FeatureTable): FeatureTable {
  const out = { ...features };
  for (const name of ["vm.console.serial", "vm.console.graphical", "volume.transfer"] as const) out[name] = { supported: false, reason: notHere };
  return out;
}

const noStreams = (what: string): Promise<never> =>
  Promise.reject(new PolyvisorError("notSupported", { detail: `${what} do not come over this connection: ${notHere}` }));
