import { connect, ConnectionError } from "@polyvisor/protocol-libvirt";
import type { Connection, SshSettings } from "@polyvisor/protocol-libvirt";
import { readFile } from "node:fs/promises";
import { PolyvisorError } from "@polyvisor/model";
import type { ConnectOptions, Hypervisor, HypervisorKind } from "../hypervisor.ts";
import { failure } from "./failure.ts";
import { AccelerationProbe } from "./host/accelerationProbe.ts";
import { probeFeatures } from "./host/probeFeatures.ts";
import { LibvirtHypervisor } from "./libvirtHypervisor.ts";
import { Session } from "./session.ts";

/** Drivers that libvirt's daemons serve; those that a client library talks to itself (esx, vpx, hyperv) are not among them. */
const drivers = new Set(["qemu", "lxc", "test", "xen", "ch", "bhyve", "vz", "openvz", "vbox", "remote"]);
const transports = new Set(["unix", "tcp", "tls", "ssh", "libssh", "libssh2", "ext"]);

/** libvirt: QEMU and KVM, LXC, Xen, and libvirt's test driver, on this machine or another. */
export const libvirtKind: HypervisorKind = {
  name: "libvirt",
  accepts(uri) {
    const [driver = "", transport, ...more] = uri.protocol.replace(/:$/, "").split("+");
    return drivers.has(driver) && (transport === undefined || transports.has(transport)) && more.length === 0;
  },
  async connect(uri, options): Promise<Hypervisor> {
    const session = await openSession(uri.href, options);
    try {
      const features = await probeFeatures(session, options.signal);
      return new LibvirtHypervisor({ session, acceleration: new AccelerationProbe(session), connectTo: openSession }, features);
    } catch (error) {
      await session.close();
      throw failure(error, { endpoint: session.endpoint, doing: "connect" });
    }
  },
};

/** Calls that change nothing, by libvirt's own words for them, and those that open and close a connection. */
const reading =
  /^(?!.*(Set(Memory|Numa|Perf)|CreateXml)).*(Get|List|Lookup|Num|Is[A-Z]|Has|Stats|Info|Event|Register|Compare|Baseline|Xml(From|To)|Screenshot|BlockPeek|MemoryPeek|Current|Addresses|FindStoragePoolSources|Download$)|^(connectOpen|connectClose|connectSupportsFeature|auth)/;

async function openSession(uri: string, options: ConnectOptions): Promise<Session> {
  let connection: Connection | undefined;
  try {
    connection = await connect(uri, {
      signal: options.signal,
      openTimeoutMs: options.openTimeoutMs,
      callTimeoutMs: options.callTimeoutMs,
      ...(options.mayChange ? { beforeCall: (name) => reading.test(name) || options.mayChange!() } : {}),
      credentials: async ({ user }) => {
        const username = user ?? (await options.secret?.({ kind: "username", for: uri }));
        const password = await options.secret?.({ kind: "password", for: uri });
        if (username === undefined || password === undefined)
          throw new PolyvisorError("hostAuthFailed", {
            detail: `${uri} asks for ${username === undefined ? "a user name and a pass phrase" : "a pass phrase"}, and the site has none for it`,
            remedy: "Add the host with its user: polyvisor host add URI --username NAME asks for the pass phrase.",
          });
        return { username, password };
      },
      ssh: await sshSettings(uri, options),
      onListenerError: (error, kind) => options.log?.("error", "an event could not be taken", { endpoint: uri, kind, error: String(error) }),
    });
    const { type } = await connection.call.connectGetType({ signal: options.signal });
    return new Session(connection, options, uri, type);
  } catch (error) {
    await connection?.close();
    throw failure(error, { endpoint: uri, doing: "connect" });
  }
}

/** What the site gives for SSH; what it does not give is found as SSH itself finds it. */
async function sshSettings(uri: string, { ssh, secret }: ConnectOptions): Promise<SshSettings | undefined> {
  if (!/^[a-z]+\+(ssh|libssh2?):/.test(uri)) return undefined;
  const settings: SshSettings = {};
  if (ssh?.agentSocket !== undefined) settings.agent = ssh.agentSocket;
  if (ssh?.knownHostsFile !== undefined) settings.knownHosts = await readFile(ssh.knownHostsFile, "utf8").catch(() => "");
  if (ssh?.privateKeyFiles) {
    const passphrase = await secret?.({ kind: "keyPassphrase", for: uri });
    const keys = await Promise.all(ssh.privateKeyFiles.map((file) => readFile(file, "utf8").catch(() => undefined)));
    settings.privateKeys = keys.filter((key) => key !== undefined).map((key) => (passphrase === undefined ? key : { key, passphrase }));
  }
  const compared = await secret?.({ kind: "hostKey", for: uri });
  if (compared !== undefined)
    settings.acceptUnknown = ({ fingerprint, type }) => {
      if (fingerprint === compared) return true;
      throw new ConnectionError("hostKeyChanged", `the ${type} key of the host is ${fingerprint}, and ${compared} was confirmed`, {
        fingerprint,
        remedy: "somebody may be in between; if the host was installed anew, compare the new key and confirm it",
      });
    };
  const password = await secret?.({ kind: "password", for: uri });
  if (password !== undefined) settings.password = password;
  return settings;
}
