import { readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import type { AnyAuthMethod, Client, ClientChannel, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import { ConnectionError } from "../connectionError.ts";
import type { Endpoint } from "../endpoint/parseUri.ts";
import { socketPath } from "../endpoint/socketPath.ts";
import { DuplexTransport } from "./duplexTransport.ts";
import { fingerprint, keyType, KnownHosts } from "./knownHosts.ts";
import { socketFault } from "./openSocket.ts";
import { sshCommand } from "./sshCommand.ts";
import { SshCommandTransport } from "./sshCommandTransport.ts";

/** A host key that no known_hosts file names. */
export interface UnknownHostKey {
  host: string;
  port: number;
  type: string;
  fingerprint: string;
  /** Base64, as known_hosts writes it. */ key: string;
}

export interface SshSettings {
  /** Socket of an SSH agent; default $SSH_AUTH_SOCK. Empty for none. */
  agent?: string;
  /** Private keys, PEM or OpenSSH format. Default: keyfile= of the URI, else ~/.ssh/id_ed25519, id_ecdsa, id_rsa. */
  privateKeys?: (string | { key: string; passphrase: string })[];
  password?: string;
  /** Content of known_hosts. Default: known_hosts= of the URI, else the user's and the system's files. */
  knownHosts?: string;
  /** Decides on a key that is not known; default refuses it. Remembering it is the caller's. */
  acceptUnknown?: (key: UnknownHostKey) => boolean | Promise<boolean>;
}

/** Host key algorithms in order of preference; a type that is known for the host is asked for first. */
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function hostKeys(endpoint: Endpoint, settings: SshSettings): KnownHosts {
  if (settings.knownHosts !== undefined) return new KnownHosts(settings.knownHosts);
  const own = endpoint.params.knownHosts;
  const files = own ? [own] : [join(homedir(), ".ssh/known_hosts"), join(homedir(), ".ssh/known_hosts2"), "/etc/ssh/ssh_known_hosts"];
  return new KnownHosts(files.map((file) => read(file) ?? "").join("\n"));
}

function authMethods(endpoint: Endpoint, settings: SshSettings, username: string): AnyAuthMethod[] {
  const methods: AnyAuthMethod[] = [];
  const allowed = (method: string): boolean => endpoint.params.sshauth?.includes(method) ?? true;
  const agent = settings.agent ?? process.env["SSH_AUTH_SOCK"];
  const { keyfile } = endpoint.params;
  const given =
    settings.privateKeys ??
    (keyfile ? [keyOf(keyfile)] : ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => read(join(homedir(), ".ssh", name))).filter((key) => key !== undefined));
  if (allowed("privkey"))
    for (const each of given) methods.push(typeof each === "string" ? { type: "publickey", username, key: each } : { type: "publickey", username, ...each });
  if (agent && allowed("agent")) methods.push({ type: "agent", username, agent });
  const { password } = settings;
  if (password !== undefined && allowed("password")) methods.push({ type: "password", username, password });
  if (password !== undefined && allowed("keyboard-interactive")) {
    methods.push({
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map((prompt) => (prompt.echo ? username : password))),
    });
  }
  return methods;
}

function keyOf(path: string): string {
  const key = read(path);
  if (key === undefined)
    throw new ConnectionError("authFailed", `cannot read private key file ${path}`, { remedy: "see keyfile= in the URI and the file's permissions" });
  return key;
}

/** Opens SSH and, through it, libvirt's socket on the far side. Rejects with a ConnectionError, or the signal's reason. */
export async function openSsh(endpoint: Endpoint, settings: SshSettings, options: { readOnly?: boolean }, signal: AbortSignal): Promise<DuplexTransport> {
  const ssh2 = await import("ssh2");
  signal.throwIfAborted();
  const username = endpoint.user ?? userInfo().username;
  const peer = `${username}@${endpoint.host} port ${endpoint.port} (SSH)`;
  const known = hostKeys(endpoint, settings);
  const methods = authMethods(endpoint, settings, username).filter(
    (method) => method.type !== "publickey" || readable(ssh2.default.utils.parseKey(method.key as string, method.passphrase)),
  );
  if (methods.length === 0)
    throw new ConnectionError("authFailed", `${peer}: there is no key, agent or password to sign in with`, {
      remedy: "load a key into an SSH agent, give keyfile= in the URI, or a password",
    });
  const client = new ssh2.default.Client();
  let keyFault: ConnectionError | undefined;
  const types = known.types(endpoint.host, endpoint.port).flatMap((type) => (type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type]));
  const config: ConnectConfig = {
    host: endpoint.host,
    port: endpoint.port,
    username,
    readyTimeout: 0,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    authHandler: methods as never,
    hostVerifier: (key: Buffer, decide: (ok: boolean) => void) => {
      void verdict(endpoint, settings, known, key).then((fault) => {
        keyFault = fault;
        decide(fault === undefined);
      });
    },
    algorithms: { serverHostKey: HOST_KEYS.toSorted((a, b) => Number(types.includes(b)) - Number(types.includes(a))) },
  };
  await ready(client, config, peer, () => keyFault, signal);
  try {
    const transport = await Promise.race([openChannel(client, endpoint, options.readOnly ?? false, peer), aborted(signal)]);
    return transport;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

/** A private key that is encrypted or broken cannot be tried; others may do. */
function readable(parsed: unknown): boolean {
  return !(parsed instanceof Error);
}

async function verdict(endpoint: Endpoint, settings: SshSettings, known: KnownHosts, key: Buffer): Promise<ConnectionError | undefined> {
  const { host, port, params } = endpoint;
  const type = keyType(key);
  const print = fingerprint(key);
  const policy = params.knownHostsVerify ?? (params.noVerify ? "ignore" : "normal");
  const state = known.check(host, port, key);
  if (policy === "ignore" || state === "known") return undefined;
  const name = port === 22 ? host : `[${host}]:${port}`;
  if (state === "revoked")
    return new ConnectionError("hostKeyChanged", `the ${type} key of ${name} (${print}) is marked as revoked`, {
      fingerprint: print,
      remedy: "do not connect; ask the host's administrator for its new key",
    });
  if (state === "changed") {
    return new ConnectionError("hostKeyChanged", `the ${type} key of ${name} is ${print}, another one is known`, {
      fingerprint: print,
      remedy: `somebody may be in between; if the host was installed anew, remove the old key with: ssh-keygen -R '${name}'`,
    });
  }
  if (policy === "auto") return undefined;
  try {
    if (await settings.acceptUnknown?.({ host, port, type, fingerprint: print, key: key.toString("base64") })) return undefined;
  } catch (error) {
    if (error instanceof ConnectionError) return error; // it says itself what is wrong with the key
    return new ConnectionError("hostKeyUnknown", `the ${type} key of ${name} (${print}) was not accepted`, { fingerprint: print, cause: error });
  }
  return new ConnectionError("hostKeyUnknown", `the ${type} key of ${name} is not known (${print})`, {
    fingerprint: print,
    remedy: `compare it on the host with: ssh-keygen -lf /etc/ssh/ssh_host_${type.replace(/^ssh-/, "").replace(/-.*/, "")}_key.pub, then add it to known_hosts`,
  });
}

function ready(client: Client, config: ConnectConfig, peer: string, keyFault: () => ConnectionError | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      signal.removeEventListener("abort", abort);
      client.on("error", () => {});
      client.destroy();
      reject(error as Error);
    };
    const abort = (): void => fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    client.once("ready", () => {
      signal.removeEventListener("abort", abort);
      client.on("error", () => {});
      resolve();
    });
    let agentFault = "";
    client.on("error", (error: Error & { level?: string; code?: string }) => {
      // An agent that does not answer is not the end: other methods follow.
      if (error.level === "agent") {
        agentFault = `; the SSH agent cannot be used: ${error.message}`;
        return;
      }
      const fault = keyFault();
      if (fault) return fail(fault);
      if (error.level === "client-authentication")
        return fail(
          new ConnectionError("authFailed", `${peer}: the SSH server accepted none of the keys or passwords${agentFault}`, {
            cause: error,
            remedy: "add the public key to the user's authorized_keys on the host, or give the right password",
          }),
        );
      if (error.level === "client-socket" || error.code !== undefined) return fail(socketFault(peer, error as NodeJS.ErrnoException));
      fail(
        new ConnectionError("protocol", `${peer}: SSH failed (${error.message})`, {
          cause: error,
          remedy: "see that an SSH server listens there and which algorithms it offers",
        }),
      );
    });
    client.once("close", () => fail(keyFault() ?? new ConnectionError("lost", `${peer} closed the connection before SSH was ready`)));
    client.connect(config);
  });
}

/**
 * Reaches libvirt's socket on the far side: the SSH server opens it for us where its path is known and forwarding is
 * allowed, which costs no process there; else a command does it.
 */
async function openChannel(client: Client, endpoint: Endpoint, readOnly: boolean, peer: string): Promise<DuplexTransport> {
  const { socket, netcat, proxy } = endpoint.params;
  const path = socket ?? socketPath({ ...endpoint, session: false }, readOnly, { env: {}, exists: () => false, home: "/" });
  const remedy = `install libvirt's daemon with virt-ssh-helper there, or netcat, and see that the user may open ${path}`;
  const through = `libvirt by way of ${peer}`;
  const end = (): void => {
    client.destroy();
  };
  let refused = "";
  if (!netcat && (proxy === undefined || proxy === "auto") && (socket || !endpoint.session)) {
    try {
      return new DuplexTransport(await called<ClientChannel>((done) => client.openssh_forwardOutStreamLocal(path, done)), through, true, end);
    } catch (error) {
      refused = `; forwarding to ${path}: ${(error as Error).message}`;
    }
  }
  try {
    return new SshCommandTransport(await called<ClientChannel>((done) => client.exec(sshCommand(endpoint, path, readOnly), done)), through, remedy, end);
  } catch (error) {
    throw new ConnectionError("tunnel", `${peer}: no command can be run there (${(error as Error).message}${refused})`, { cause: error, remedy });
  }
}

function called<Result>(start: (done: (error: Error | undefined, result: Result) => void) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result)));
  });
}
