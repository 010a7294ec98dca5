import { ConnectionError } from "../connectionError.ts";

export type TransportName = "unix" | "tcp" | "tls" | "ssh";

/** Where a libvirt server is and how to reach it: a parsed connection URI. */
export interface Endpoint {
  /** The URI as given. */
  uri: string;
  /** Hypervisor driver: `qemu`, `lxc`, `xen`, `test`, …; empty lets the server choose. */
  driver: string;
  transport: TransportName;
  /** Host name or address without brackets; empty for this machine. */
  host: string;
  /** Port of TCP, TLS or SSH. */
  port: number;
  user: string | undefined;
  /** Of the user's own daemon (`/session`) instead of the system's. */
  session: boolean;
  /** URI the server is asked to open, such as `qemu:///system`. */
  name: string;
  params: EndpointParams;
}

/** libvirt's documented URI parameters; what is not one is passed on to the server's driver. */
export interface EndpointParams {
  /** Path of the Unix socket, here or on the SSH server's side. */
  socket?: string;
  /** SASL mechanism: `sasl.SCRAM-SHA-256`, or `none`, `polkit`, `sasl`. */
  auth?: string;
  /** netcat binary on the SSH server's side. */
  netcat?: string;
  /** Private key file for SSH. */
  keyfile?: string;
  /** known_hosts file for SSH. */
  knownHosts?: string;
  /** `normal` (refuse what is unknown), `auto` (accept new ones), `ignore`. */
  knownHostsVerify?: "normal" | "auto" | "ignore";
  /** SSH methods to try, of `agent`, `privkey`, `password`, `keyboard-interactive`. */
  sshauth?: string[];
  /** Folder with `cacert.pem`, `clientcert.pem`, `clientkey.pem`. */
  pkipath?: string;
  /** Do not verify the server's certificate or host key. */
  noVerify?: boolean;
  /** `legacy` (libvirtd), `direct` (a daemon per driver) or `auto`. */
  mode?: "auto" | "legacy" | "direct";
  /** How SSH reaches the socket: `native` (virt-ssh-helper), `netcat`, or `auto`. */
  proxy?: "auto" | "native" | "netcat";
}

const PORTS: Record<TransportName, number> = { unix: 0, tcp: 16_509, tls: 16_514, ssh: 22 };
const SHAPE = /^([a-z][a-z0-9.-]*)(?:\+([a-z0-9]+))?:\/\/(?:([^@/?#]*)@)?(\[[\w:.%-]+\]|[^:/?#@[\]]*)(?::(\d{1,5}))?(\/[^?#]*)?(?:\?([^#]*))?$/i;

/** A password that somebody put into the URI is not repeated. */
function refuse(uri: string, what: string, remedy: string): never {
  const shown = uri.replace(/(:\/\/[^:@]*):.*@/s, "$1:…@");
  throw new ConnectionError("uri", `URI ${JSON.stringify(shown.length > 200 ? `${shown.slice(0, 200)}…` : shown)}: ${what}`, { remedy });
}

/**
 * Reads a libvirt connection URI (`driver[+transport]://[user@][host][:port]/path[?parameters]`).
 * Throws a ConnectionError of kind `uri` that says what is wrong and what to write instead.
 */
export function parseUri(uri: string): Endpoint {
  const match = SHAPE.exec(uri);
  if (!match) {
    refuse(uri, "is no libvirt URI", "write driver[+transport]://[user@][host][:port]/path, such as qemu:///system or qemu+ssh://root@host/system");
  }
  const [, driver = "", given, user, authority = "", port, path = "", query = ""] = match;
  if (user?.includes(":")) refuse(uri, "holds a password", "leave it out and give it as a credential");
  const host = decode(uri, authority.replace(/^\[|\]$/g, ""));
  const transport = transportOf(uri, given?.toLowerCase(), host);
  if (transport === "unix" && host) refuse(uri, `names host ${host} with the unix transport`, "use ssh, tls or tcp for another host, or leave the host out");
  const { params, passedOn, name } = readParams(uri, query);
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) refuse(uri, `port ${port} is not between 1 and 65535`, "correct the port");
  return {
    uri,
    driver: driver.toLowerCase() === "remote" ? "" : driver.toLowerCase(),
    transport,
    host: host || (transport === "unix" ? "" : "localhost"),
    port: port === undefined ? PORTS[transport] : Number(port),
    user: user ? decode(uri, user) : undefined,
    session: path === "/session",
    name: name ?? (driver.toLowerCase() === "remote" ? "" : `${driver.toLowerCase()}://${path || "/"}${passedOn ? `?${passedOn}` : ""}`),
    params,
  };
}

function transportOf(uri: string, given: string | undefined, host: string): TransportName {
  switch (given) {
    case undefined:
      return host ? "tls" : "unix";
    case "unix":
    case "tcp":
    case "tls":
    case "ssh":
      return given;
    case "libssh":
    case "libssh2":
      return "ssh";
    case "ext":
      return refuse(uri, "uses the ext transport, which runs a program", "use ssh, tls, tcp or unix");
    default:
      return refuse(uri, `has unknown transport ${given}`, "use ssh, tls, tcp or unix");
  }
}

function decode(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(uri, `${JSON.stringify(text)} has a broken % escape`, "write %25 for a percent sign");
  }
}

function oneOf<const Value extends string>(uri: string, name: string, value: string, allowed: readonly Value[]): Value {
  return (allowed as readonly string[]).includes(value) ? (value as Value) : refuse(uri, `${name}=${value}`, `use one of ${allowed.join(", ")}`);
}

function readParams(uri: string, query: string): { params: EndpointParams; passedOn: string; name: string | undefined } {
  const params: EndpointParams = {};
  const passedOn: string[] = [];
  let name: string | undefined;
  for (const pair of query.split(/[&;]/).filter(Boolean)) {
    const [rawKey = "", ...rest] = pair.split("=");
    const key = decode(uri, rawKey).toLowerCase();
    const value = decode(uri, rest.join("="));
    switch (key) {
      case "name":
        name = value;
        break;
      case "socket":
        params.socket = value;
        break;
      case "auth":
        params.auth = value;
        break;
      case "netcat":
        params.netcat = value;
        break;
      case "keyfile":
        params.keyfile = value;
        break;
      case "known_hosts":
        params.knownHosts = value;
        break;
      case "known_hosts_verify":
        params.knownHostsVerify = oneOf(uri, key, value, ["normal", "auto", "ignore"]);
        break;
      case "sshauth":
        params.sshauth = value
          .split(",")
          .filter(Boolean)
          .map((method) => oneOf(uri, key, method, ["agent", "privkey", "password", "keyboard-interactive"]));
        break;
      case "pkipath":
        params.pkipath = value;
        break;
      case "no_verify":
        if (!/^\d+$/.test(value)) refuse(uri, `${key}=${value}`, "use 1 or 0");
        params.noVerify = Number(value) !== 0;
        break;
      case "mode":
        params.mode = oneOf(uri, key, value, ["auto", "legacy", "direct"]);
        break;
      case "proxy":
        params.proxy = oneOf(uri, key, value, ["auto", "native", "netcat"]);
        break;
      case "command":
        refuse(uri, "names a program to run (command=)", "leave it out: SSH needs no program here");
      // Nothing to configure here: there is no terminal, no sanity check of certificates to skip, Node's own TLS defaults.
      case "no_tty":
      case "no_sanity":
      case "tls_priority":
      case "authfile":
        break;
      default:
        passedOn.push(pair);
    }
  }
  return { params, passedOn: passedOn.join("&"), name };
}
