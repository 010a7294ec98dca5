import { parseHypervisorUri, type connectHypervisor, type ConnectOptions, type Hypervisor } from "@polyvisor/hypervisors";
import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type { Intervals } from "../controlPlane.ts";
import type { HostKeys } from "./credentials.ts";

export interface ConnectorOptions {
  log: Logger;
  now(): number;
  intervals: Pick<Intervals, "openTimeout" | "callTimeout">;
  connect: Partial<Pick<ConnectOptions, "ssh">>;
  connectTo: typeof connectHypervisor;
}

/** What the host at a URI is signed in to with. */
export type CredentialAt = (uri: string) => Promise<HostKeys | undefined>;

/** Opens connections to hypervisors as this server is set up. */
export class Connector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /**
   * @param credentialAt is asked as long as the connection lasts, when a host wants one: this one, or another that a VM is moved to
   * @param mayChange see `ConnectOptions`
   */
  async open(uri: string, credentialAt: CredentialAt, signal: AbortSignal, mayChange?: () => void): Promise<Hypervisor> {
    const { log, now, intervals, connect, connectTo } = this.#options;
    return await connectTo(uri, {
      ...connect,
      signal,
      now,
      ...(mayChange ? { mayChange } : {}),
      openTimeoutMs: intervals.openTimeout,
      callTimeoutMs: intervals.callTimeout,
      log: (level, message, fields) => log[level]({ uri, ...fields }, message),
      secret: async ({ kind, for: at }) => {
        const known = await credentialAt(at);
        return kind === "username" ? known?.username : kind === "password" ? known?.password : kind === "hostKey" ? known?.fingerprint : undefined;
      },
    }).catch((error: unknown): never => {
      throw withWayBack(uri, error);
    });
  }

  /** For someone who waits for the answer. @throws PolyvisorError `hostTimeout` after twice the time of an attempt */
  async openOnce(uri: string, credentialAt: CredentialAt): Promise<Hypervisor> {
    const giveUp = new AbortController();
    const limit = this.#options.intervals.openTimeout * 2;
    const timer = setTimeout(() => giveUp.abort(new PolyvisorError("hostTimeout", { detail: `the connection was not there after ${limit / 1000} s` })), limit);
    try {
      return await this.open(uri, credentialAt, giveUp.signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Of libvirt on the server's own machine, at the place where everybody expects it. */
const ownLibvirt = /^(?:qemu|lxc|xen)(?:\+unix)?:\/\/\/(?:system)?$/;
const notThere: ReadonlySet<unknown> = new Set(["ENOENT", "ECONNREFUSED"]);

/** Where no systemd looks after this machine's libvirtd, nobody starts it again unless he is told how. */
function withWayBack(uri: string, error: unknown): unknown {
  if (!(error instanceof PolyvisorError) || !ownLibvirt.test(uri) || !notThere.has((error.cause as { errno?: unknown } | undefined)?.errno)) return error;
  return new PolyvisorError(error.code, {
    detail: error.detail,
    remedy: "Start the libvirt daemon of this machine: systemctl start libvirtd, or ./polyvisor up where no systemd runs.",
    cause: error.cause,
  });
}

/** One spelling for one URI. @throws PolyvisorError `badUri` */
export const canonicalUri = (text: string): string => parseHypervisorUri(text).uri.href;
