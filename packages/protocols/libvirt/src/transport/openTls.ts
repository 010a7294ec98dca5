import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { checkServerIdentity, connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { ConnectionError } from "../connectionError.ts";
import type { Endpoint } from "../endpoint/parseUri.ts";
import { certificateRefused, type ShownCertificate } from "./certificateRefused.ts";
import { socketFault } from "./openSocket.ts";
import { TlsTransport } from "./tlsTransport.ts";

/** TLS material as PEM text. What is left out is read from libvirt's own folders. */
export interface TlsSettings {
  ca?: string;
  cert?: string;
  key?: string;
  passphrase?: string;
  /** Check that the server's certificate is trusted and names the host. Default true, unless the URI says no_verify=1. */
  verify?: boolean;
  /** Name that the certificate must carry, where it is not the host that is connected to. */
  serverName?: string;
}

interface Files {
  ca: string;
  cert: string;
  key: string;
}

/** Where libvirt keeps a client's certificates: of `?pkipath=`, of the user, of the system. */
export function certificateFiles(pkipath: string | undefined, home: string, root: boolean): Files[] {
  const flat = (folder: string): Files => ({ ca: join(folder, "cacert.pem"), cert: join(folder, "clientcert.pem"), key: join(folder, "clientkey.pem") });
  if (pkipath) return [flat(pkipath)];
  const system = { ca: "/etc/pki/CA/cacert.pem", cert: "/etc/pki/libvirt/clientcert.pem", key: "/etc/pki/libvirt/private/clientkey.pem" };
  return root ? [system] : [flat(join(home, ".pki/libvirt")), system];
}

function readFirst(paths: string[]): string | undefined {
  for (const path of paths) {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        throw new ConnectionError("tlsTrust", `cannot read ${path} (${(error as NodeJS.ErrnoException).code})`, {
          remedy: "see the file's permissions",
          cause: error,
        });
    }
  }
  return undefined;
}

/** Opens TLS to a libvirt server with a client certificate and waits for the server's word that it accepts us. */
export async function openTls(endpoint: Endpoint, settings: TlsSettings, signal: AbortSignal): Promise<TlsTransport> {
  const files = certificateFiles(endpoint.params.pkipath, homedir(), process.getuid?.() === 0);
  const verify = settings.verify ?? !endpoint.params.noVerify;
  const ca = settings.ca ?? readFirst(files.map((each) => each.ca));
  if (verify && ca === undefined)
    throw new ConnectionError("tlsTrust", `no CA certificate at ${files.map((each) => each.ca).join(" or ")}`, {
      remedy: "put the CA's certificate there, or give ?pkipath=FOLDER",
    });
  const name = settings.serverName ?? endpoint.host;
  const peer = `${endpoint.host} port ${endpoint.port} (TLS)`;
  const certificates = files.map((each) => each.cert);
  const shown = { pem: settings.cert ?? readFirst(certificates), place: settings.cert === undefined ? certificates.join(" or ") : "of the settings" };
  const options: ConnectionOptions = {
    host: endpoint.host,
    port: endpoint.port,
    ca,
    passphrase: settings.passphrase,
    cert: shown.pem,
    key: settings.key ?? readFirst(files.map((each) => each.key)),
    servername: isIP(name) ? "" : name,
    rejectUnauthorized: verify,
    checkServerIdentity: (_host, certificate) => (verify ? checkServerIdentity(name, certificate) : undefined),
  };
  let socket: TLSSocket;
  try {
    socket = connectTls(options);
  } catch (error) {
    throw new ConnectionError("tlsTrust", `the client certificate ${shown.place} or its key for ${peer} cannot be used (${(error as Error).message})`, {
      cause: error,
      remedy: "see that certificate and key are PEM and belong together",
    });
  }
  await accepted(socket, peer, name, shown, signal);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  return new TlsTransport(socket, peer);
}

/** libvirt confirms a client's certificate with one byte, 1, before its protocol begins. */
function accepted(socket: TLSSocket, peer: string, name: string, shown: ShownCertificate, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let secured = false;
    const settle = (error?: unknown): void => {
      signal.removeEventListener("abort", abort);
      socket.removeListener("readable", readable);
      socket.removeListener("error", failed);
      socket.removeListener("close", closed);
      if (error === undefined) return resolve();
      socket.on("error", () => {});
      socket.destroy();
      reject(error as Error);
    };
    const abort = (): void => settle(signal.reason);
    const failed = (error: NodeJS.ErrnoException): void => settle(tlsFault(error, peer, name, secured, shown));
    const closed = (): void => settle(certificateRefused(peer, shown));
    const readable = (): void => {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) return;
      settle(byte[0] === 1 ? undefined : certificateRefused(peer, shown));
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.once("secureConnect", () => {
      secured = true;
    });
    socket.on("readable", readable);
    socket.on("error", failed);
    socket.on("close", closed);
  });
}

function tlsFault(error: NodeJS.ErrnoException, peer: string, name: string, secured: boolean, shown: ShownCertificate): ConnectionError {
  const code = error.code ?? "";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return new ConnectionError("tlsName", `the certificate of ${peer} does not name ${name}`, {
      cause: error,
      remedy: "connect by a name that the certificate carries, or have it issued for this one",
    });
  }
  if (secured || code.startsWith("ERR_SSL_TLSV1") || code.startsWith("ERR_SSL_SSLV3_ALERT")) return certificateRefused(peer, shown, error);
  if (/CERT|SIGNATURE|ISSUER|SELF_SIGNED|CRL|VERIFY/.test(code)) {
    return new ConnectionError("tlsTrust", `the certificate of ${peer} is not trusted (${code})`, {
      cause: error,
      errno: code,
      remedy: "see that cacert.pem is of the CA that signed it and that it has not expired",
    });
  }
  if (code.startsWith("ERR_SSL") || code === "EPROTO")
    return new ConnectionError("protocol", `${peer} does not speak TLS (${code})`, {
      cause: error,
      remedy: "see that libvirtd listens for TLS there (listen_tls, port 16514)",
    });
  return socketFault(peer, error);
}
