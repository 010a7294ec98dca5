import { PolyvisorError, errorCatalogue, featureNames, type ErrorCode, type FeatureName } from "@polyvisor/model";

/** Something that goes wrong by rule. `verb` is an action (`vm.start`), a call (`inventory`), `vm.*` or `*`. */
export type FaultRule =
  | { kind: "fail" | "lose"; verb: string; probability: number; code: ErrorCode }
  | { kind: "delay"; verb: string; ms: number }
  | { kind: "drop"; seconds: number }
  | { kind: "refuse" | "unreachable" | "hang" | "auth" };

/** What a `sim:` URI says. */
export interface SimOptions {
  estate: string;
  /** `host-0001`; undefined when the URI names a whole estate. */
  host: string | undefined;
  hosts: number;
  vms: number;
  seed: number;
  /** 0: actions take no time; 1: about as long as they do in life; 2: twice as long. */
  pace: number;
  /** Milliseconds that each call takes. */
  latency: number;
  /** Changes that other tools make on this host per hour. */
  churn: number;
  /** Share of guests that ignore a request to power off. */
  stubborn: number;
  /** Changes kept for a slow consumer before it gets an inventory instead. */
  queue: number;
  /** Features that the host says it has not. */
  without: FeatureName[];
  faults: FaultRule[];
}

const bad = (detail: string, remedy?: string): never => {
  throw new PolyvisorError("badUri", {
    detail,
    where: "uri",
    remedy: remedy ?? "Write it like sim://demo/host-0001?vms=25&seed=7; docs/guide/simulator.md lists the parameters.",
  });
};

const numbers = {
  hosts: [1, 10_000, 1],
  vms: [0, 5_000, 10],
  seed: [0, 2 ** 32 - 1, 1],
  pace: [0, 100, 0],
  latency: [0, 600_000, 0],
  churn: [0, 360_000, 0],
  stubborn: [0, 1, 0],
  queue: [1, 100_000, 1024],
} as const;
/** A simulated host pushes its changes, always. */
const canLack = featureNames.filter((name) => name !== "events");
const whole = new Set(["hosts", "vms", "seed", "queue"]);

/** `host-0001`: four digits, more where the number needs them. */
export const hostName = (n: number): string => `host-${String(n).padStart(4, "0")}`;

/** Reads a `sim:` URI; every parameter is bounded and an unknown one is an error. */
export function parseSimUri(uri: URL): SimOptions {
  const estate = decode(uri.hostname) || "demo";
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(estate)) bad(`"${estate.slice(0, 80)}" is no name of an estate: letters, digits, dot, dash`);
  const host = decode(uri.pathname).replace(/^\//, "").replace(/\/$/, "") || undefined;
  if (host !== undefined && hostNumber(host) === undefined)
    bad(`"${host.slice(0, 80)}" is no simulated host: they are called ${hostName(1)}, ${hostName(2)} and so on`);
  const values: Record<string, number> = Object.fromEntries(Object.entries(numbers).map(([name, [, , standard]]) => [name, standard]));
  const without: FeatureName[] = [];
  const faults: FaultRule[] = [];
  for (const [name, text] of uri.searchParams) {
    if (Object.hasOwn(numbers, name)) {
      const [min, max] = numbers[name as keyof typeof numbers];
      values[name] = readNumber(name, text, min, max, whole.has(name));
    } else if (name === "without")
      for (const feature of text.split(","))
        without.push(canLack.find((known) => known === feature) ?? bad(`without: "${feature.slice(0, 80)}" is no feature that a simulated host can lack`));
    else if (name === "fault") faults.push(parseFault(text));
    else bad(`unknown parameter "${name.slice(0, 80)}"`);
  }
  if (faults.length > 64) bad("more than 64 faults");
  if (host !== undefined && uri.searchParams.has("hosts") && hostNumber(host)! > values["hosts"]!)
    bad(`${host} is past the ${values["hosts"]} hosts of the estate`);
  return { estate, host, without, faults, ...(values as Pick<SimOptions, keyof typeof numbers>) };
}

/** The number in a host's name, or undefined when it is none. */
export function hostNumber(name: string): number | undefined {
  const match = /^host-(\d{4,5})$/.exec(name);
  const n = Number(match?.[1] ?? 0);
  return n >= 1 && n <= 10_000 && hostName(n) === name ? n : undefined;
}

/**
 * Reads one rule: `fail:VERB:PROBABILITY[:CODE]`, `lose:VERB:PROBABILITY` (done, but the connection breaks before
 * the answer), `delay:VERB:MILLISECONDS`, `drop:SECONDS`, `refuse`, `unreachable`, `auth`, `hang`.
 */
export function parseFault(text: string): FaultRule {
  const [kind = "", first = "", second = "", third, ...rest] = text.split(":");
  const verb = (): string =>
    /^(\*|[A-Za-z]+\.\*|[A-Za-z]+(\.[A-Za-z]+)?)$/.test(first)
      ? first
      : bad(`fault=${text.slice(0, 80)}: "${first.slice(0, 80)}" is no verb, call or pattern such as vm.*`);
  if (rest.length > 0) bad(`fault=${text.slice(0, 80)}: too many parts`);
  switch (kind) {
    case "fail":
    case "lose": {
      const code = third ?? "hypervisorFailed";
      if (!Object.hasOwn(errorCatalogue, code)) bad(`fault=${text.slice(0, 80)}: "${code.slice(0, 80)}" is no error code`);
      return { kind, verb: verb(), probability: readNumber("probability", second || "1", 0, 1), code: code as ErrorCode };
    }
    case "delay":
      return { kind, verb: verb(), ms: readNumber("delay", second, 0, 3_600_000) };
    case "drop":
      return { kind, seconds: readNumber("drop", first, 0.001, 1e6) };
    case "refuse":
    case "unreachable":
    case "auth":
    case "hang":
      return { kind };
    default:
      return bad(`fault=${text.slice(0, 80)}: known are fail, lose, delay, drop, refuse, unreachable, auth and hang`);
  }
}

function readNumber(name: string, text: string, min: number, max: number, mustBeWhole = false): number {
  const n = /^\d{1,16}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (!(n >= min && n <= max) || (mustBeWhole && !Number.isInteger(n)))
    return bad(`${name}=${text.slice(0, 40)} is not a ${mustBeWhole ? "whole " : ""}number from ${min} to ${max}`);
  return n;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return bad("a percent sign that begins no character");
  }
}

/** An estate by counts. What is left out has the standard value of the URI's parameter. */
export interface EstateOptions {
  estate?: string;
  hosts: number;
  vmsPerHost?: number;
  seed?: number;
  /** Any other parameter of the URI, as text: `{ pace: "1", fault: "fail:vm.start:0.1" }`. */
  more?: Record<string, string>;
}

/**
 * The URIs of all hosts of an estate, to be added one by one. Takes counts, or the URI of the whole
 * estate (`sim://demo?hosts=1000&vms=25`); a URI that names one host gives that host alone.
 */
export function simUris(estate: EstateOptions | string): string[] {
  const base = typeof estate === "string" ? new URL(estate) : uriOf(estate);
  const options = parseSimUri(base);
  if (options.host !== undefined) return [base.href];
  return Array.from({ length: options.hosts }, (_, i) => `sim://${options.estate}/${hostName(i + 1)}${base.search}`);
}

function uriOf({ estate = "demo", hosts, vmsPerHost, seed, more }: EstateOptions): URL {
  const uri = new URL(`sim://${estate}`);
  uri.searchParams.set("hosts", String(hosts));
  if (vmsPerHost !== undefined) uri.searchParams.set("vms", String(vmsPerHost));
  if (seed !== undefined) uri.searchParams.set("seed", String(seed));
  for (const [name, value] of Object.entries(more ?? {})) uri.searchParams.append(name, value);
  return uri;
}
