import type { CallOptions } from "../call.ts";
import { ConnectionError } from "../connectionError.ts";
import type { Endpoint } from "../endpoint/parseUri.ts";
import type { Calls } from "../generated/types/calls.ts";
import { LibvirtError } from "../libvirtError.ts";
import type { CredentialsSource } from "./credentials.ts";
import { SCRAM_HASHES, ScramExchange } from "./scramExchange.ts";

/**
 * Authenticates with SASL: the strongest SCRAM that both know, else PLAIN where nobody can read along.
 * Rejects with a ConnectionError of kind `authFailed` or `notSupported`. The password never gets into an error.
 */
export async function authenticateSasl(
  call: Calls,
  endpoint: Endpoint,
  confidential: boolean,
  source: CredentialsSource | undefined,
  during: CallOptions,
): Promise<void> {
  const offered = await mechanisms(call, endpoint, confidential, during);
  const wanted = /^sasl\.(.+)$/.exec(endpoint.params.auth ?? "")?.[1]?.toUpperCase();
  const mechanism = choose(endpoint, offered, wanted, confidential);
  if (!source)
    throw new ConnectionError("authFailed", `${endpoint.uri}: the server wants a user name and password (SASL ${mechanism})`, {
      remedy: "give credentials for the connection",
    });
  const { username, password } = await inTime(source({ mechanism, uri: endpoint.uri, user: endpoint.user }), during.signal);
  try {
    if (mechanism === "PLAIN") await plain(call, username, password, during);
    else await scram(call, mechanism, username, password, during);
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    throw new ConnectionError("authFailed", `${endpoint.uri}: the server did not accept user ${JSON.stringify(username)} (SASL ${mechanism})`, {
      cause: error,
      remedy: "check user name and password, and with saslpasswd2 on the host that the user exists",
    });
  }
}

/** Whoever is asked for credentials may take long, but not longer than there is time to connect. */
function inTime<T>(answer: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal?.reason as Error);
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    Promise.resolve(answer)
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener("abort", stop));
  });
}

const ENCRYPT = "without TLS libvirt offers only mechanisms that encrypt the connection, such as GSSAPI; use tls or ssh";

async function mechanisms(call: Calls, endpoint: Endpoint, confidential: boolean, during: CallOptions): Promise<string[]> {
  try {
    return (await call.authSaslInit(during)).mechlist.split(/[\s,]+/).filter(Boolean);
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    throw new ConnectionError("notSupported", `${endpoint.uri}: the server has no SASL mechanism for this transport`, {
      cause: error,
      remedy: confidential ? "see /etc/sasl2/libvirt.conf on the host" : ENCRYPT,
    });
  }
}

function choose(endpoint: Endpoint, offered: string[], wanted: string | undefined, confidential: boolean): string {
  const list = offered.join(", ") || "none";
  if (wanted !== undefined) {
    if (!offered.includes(wanted))
      throw new ConnectionError("authFailed", `${endpoint.uri}: the server offers no SASL ${wanted}, only ${list}`, { remedy: "change auth= in the URI" });
    if (wanted === "PLAIN" && !confidential)
      throw new ConnectionError("notSupported", `${endpoint.uri}: PLAIN would send the password in the clear`, { remedy: "use tls or ssh" });
  }
  const usable = wanted === undefined ? [...SCRAM_HASHES.keys(), ...(confidential ? ["PLAIN"] : [])].find((each) => offered.includes(each)) : wanted;
  if (usable === undefined || !(SCRAM_HASHES.has(usable) || usable === "PLAIN")) {
    const remedy = confidential ? "set mech_list: scram-sha-256 in the host's /etc/sasl2/libvirt.conf" : ENCRYPT;
    throw new ConnectionError("notSupported", `${endpoint.uri}: none of the server's SASL mechanisms can be used here (${list})`, { remedy });
  }
  return usable;
}

async function plain(call: Calls, username: string, password: string, during: CallOptions): Promise<void> {
  if (username.includes("\0") || password.includes("\0")) throw new ConnectionError("authFailed", "user name and password cannot hold a NUL character");
  const { complete } = await call.authSaslStart({ mech: "PLAIN", nil: 0, data: Buffer.from(`\0${username}\0${password}`) }, during);
  if (!complete) await call.authSaslStep({ nil: 1, data: new Uint8Array() }, during);
}

async function scram(call: Calls, mechanism: string, username: string, password: string, during: CallOptions): Promise<void> {
  const exchange = new ScramExchange(mechanism, username, password);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8").replace(/\0+$/, "");
  const start = await call.authSaslStart({ mech: mechanism, nil: 0, data: Buffer.from(exchange.first()) }, during);
  const step = await call.authSaslStep({ nil: 0, data: Buffer.from(await exchange.final(text(start.data))) }, during);
  exchange.verify(text(step.data));
  if (!step.complete) {
    const last = await call.authSaslStep({ nil: 1, data: new Uint8Array() }, during);
    if (!last.complete) throw new ConnectionError("authFailed", "the server did not complete SCRAM", { remedy: "see the libvirt daemon's log on the host" });
  }
}
