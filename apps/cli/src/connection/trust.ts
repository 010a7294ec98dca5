import { X509Certificate } from "node:crypto";
import type { ConnectionOptions, PeerCertificate, TLSSocket } from "node:tls";
import type { Context } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure } from "../failure.ts";
import { fingerprintOf, keepCertificate, knownCertificate } from "./knownServers.ts";

// Not by `import`: what every command loads has no need of it over plain HTTP.
const tlsModule = (): typeof import("node:tls") => process.getBuiltinModule("node:tls");
const patienceMs = 10_000;

let trusted: string | undefined;

/**
 * From now on this process also takes the server's very certificate, whoever signed it and whatever names it is for. A process
 * speaks to one server, and its fetch and WebSocket take no options of a connection: so it is done where all of them connect.
 */
export function trustCertificate(pem: string): void {
  if (trusted === pem) return;
  const tls = tlsModule();
  if (trusted === undefined) {
    const connect = tls.connect as (options: ConnectionOptions, ...rest: unknown[]) => TLSSocket;
    const roots = tls.getCACertificates("default");
    const identity = (host: string, certificate: PeerCertificate): Error | undefined =>
      trusted !== undefined && certificate.fingerprint256 === fingerprintOf(trusted) ? undefined : tls.checkServerIdentity(host, certificate);
    tls.connect = ((options: ConnectionOptions, ...rest: unknown[]) =>
      options.rejectUnauthorized === false
        ? connect(options, ...rest)
        : connect({ ...options, ca: [trusted!, ...roots], allowPartialTrustChain: true, checkServerIdentity: identity }, ...rest)) as typeof tls.connect;
  }
  trusted = pem;
}

interface Seen {
  certificate: string;
  /** Why it is not trusted; absent where it is. */
  refused: string | undefined;
}

/** The certificate that a server shows. Nothing is sent to it. */
function look(url: string, pinned: string | undefined): Promise<Seen | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const tls = tlsModule();
    const socket = tls.connect({
      host,
      port: Number(port || 443),
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    });
    const end = (seen?: Seen): void => {
      socket.destroy();
      resolve(seen);
    };
    socket.setTimeout(patienceMs, () => end());
    socket.once("error", () => end());
    socket.once("secureConnect", () => {
      const peer = socket.getPeerX509Certificate();
      if (!peer) return end();
      const same = pinned !== undefined && new X509Certificate(pinned).fingerprint256 === peer.fingerprint256;
      const chain = socket.authorized ? undefined : String(socket.authorizationError);
      const name = tls.checkServerIdentity(host, socket.getPeerCertificate());
      end({ certificate: peer.toString(), refused: same ? undefined : (chain ?? (name ? "ERR_TLS_CERT_ALTNAME_INVALID" : undefined)) });
    });
  });
}

/** Why a certificate was not taken, told by what is known of the server. */
export async function untrusted(url: string, code: string, pinned: string | undefined): Promise<CliFailure> {
  const seen = await look(url, pinned);
  const shown = seen ? fingerprintOf(seen.certificate) : undefined;
  if (pinned !== undefined && shown !== undefined && shown !== fingerprintOf(pinned)) return changed(url, pinned, shown);
  return new CliFailure(
    exitCodes.unreachable,
    `The certificate of ${url} is not trusted (${code})${shown ? `; its SHA-256 is ${shown}` : ""}.`,
    `Compare it with the one in the server's log and say polyvisor login --url ${url}, which asks whether to trust it; or set NODE_EXTRA_CA_CERTS to the file of the authority that signed it.`,
  );
}

const changed = (url: string, pinned: string, shown: string): CliFailure =>
  new CliFailure(
    exitCodes.notAllowed,
    `The certificate of ${url} has changed. It was ${fingerprintOf(pinned)} and is now ${shown}. Someone may be in between, who would get your token; nothing was sent.`,
    `If its administrator says that it is new: polyvisor login --url ${url} --fingerprint ${shown}`,
  );

/**
 * Before a first secret is sent: the server's certificate is one of an authority that is trusted, is known, is the one that
 * `--fingerprint` names, or a person says that it is right.
 * @returns the certificate where it is trusted for itself
 */
export async function settleTrust(context: Context, url: string, fingerprint: string | undefined): Promise<string | undefined> {
  if (!url.startsWith("https:")) return undefined;
  const { env, stdin } = context.io;
  const pinned = knownCertificate(env, url);
  const seen = await look(url, pinned);
  if (!seen || (seen.refused === undefined && fingerprint === undefined)) return pinned; // what else is wrong the request itself finds
  const shown = fingerprintOf(seen.certificate);
  if (fingerprint !== undefined) {
    const wanted = fingerprint
      .replace(/^sha-?256[:=\s]*/i, "")
      .replace(/[^0-9a-f]/gi, "")
      .toUpperCase();
    if (wanted !== shown.replaceAll(":", ""))
      throw new CliFailure(
        exitCodes.notAllowed,
        `The certificate of ${url} is ${shown}, not the one that --fingerprint names.`,
        "Ask the server's administrator; nothing was sent.",
      );
  } else if (pinned !== undefined) throw changed(url, pinned, shown);
  else if (!stdin.isTTY) throw await untrusted(url, seen.refused ?? "unknown", undefined);
  else {
    context.note(
      `The certificate of ${url} is not signed by an authority that this machine trusts. Its SHA-256 is\n  ${shown}\nThe server's log and its polyvisor up show the same.`,
    );
    const { confirm, isCancel } = await import("@clack/prompts");
    const answer = await confirm({ message: "Is it the same? Trust it from now on?", initialValue: false, output: process.stderr });
    if (isCancel(answer) || !answer) throw new CliFailure(exitCodes.interrupted, "Not trusted; nothing was sent.");
  }
  keepCertificate(env, url, seen.certificate);
  return seen.certificate;
}
