import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrivateLibvirtd } from "../../../../../tests/lab/privateLibvirtd.ts";
import { PrivateSshd } from "../../../../../tests/lab/privateSshd.ts";
import { connect, type ConnectOptions, type SshSettings, type UnknownHostKey } from "../index.ts";

let daemon: PrivateLibvirtd;
let sshd: PrivateSshd;
let keys: { privateKeys: string[]; agent: string };
beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
  sshd = await PrivateSshd.start([`SetEnv XDG_RUNTIME_DIR=${daemon.runtimeFolder}`]);
  keys = { privateKeys: [readFileSync(sshd.keyFile, "utf8")], agent: "" };
});
afterAll(async () => {
  await sshd?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
});
const uri = (query = `?socket=${daemon.socket}`, server = sshd, path = "default", driver = "test"): string =>
  `${driver}+ssh://${server.user}@127.0.0.1:${server.port}/${path}${query}`;
const open = async (target: string, ssh: SshSettings, options: ConnectOptions = {}): Promise<string> => {
  await using conn = await connect(target, { ssh, ...options });
  return (await conn.call.connectGetUri()).uri;
};

describe("SSH to libvirtd", () => {
  it("reaches a given socket with netcat and a key", async () => {
    expect(await open(uri(`?socket=${daemon.socket}&proxy=netcat`), { ...keys, knownHosts: sshd.knownHosts() })).toBe("test:///default");
  });

  it("reaches the user's own daemon with libvirt's helper", async () => {
    expect(await open(uri("", sshd, "session", "qemu"), { ...keys, knownHosts: sshd.knownHosts() })).toBe("qemu:///session");
  });

  it("asks for the type of host key that is known, whichever the server prefers", async () => {
    for (const type of ["ecdsa", "ed25519"] as const) expect(await open(uri(), { ...keys, knownHosts: sshd.knownHosts(type) })).toBe("test:///default");
  });

  it("knows hashed names", async () => {
    const file = join(sshd.folder, "known_hosts");
    writeFileSync(file, sshd.knownHosts());
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    expect(readFileSync(file, "utf8")).toMatch(/^\|1\|/);
    expect(await open(uri(`?socket=${daemon.socket}&known_hosts=${file}&keyfile=${sshd.keyFile}`), { agent: "" })).toBe("test:///default");
  });

  it("signs in with an agent", async () => {
    const socket = join(sshd.folder, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      const added = (): boolean => {
        try {
          execFileSync("ssh-add", ["-q", sshd.keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
          return true;
        } catch {
          return false;
        }
      };
      const deadline = performance.now() + 10_000;
      while (!added() && performance.now() < deadline)
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      expect(await open(uri(), { agent: socket, privateKeys: [], knownHosts: sshd.knownHosts() })).toBe("test:///default");
    } finally {
      agent.kill();
    }
  });

  it("signs in with an encrypted key and its passphrase; without it, says that no key can be used", async () => {
    const key = readFileSync(join(sshd.folder, "locked_key"), "utf8");
    expect(await open(uri(), { agent: "", privateKeys: [{ key, passphrase: "secret words" }], knownHosts: sshd.knownHosts() })).toBe("test:///default");
    await expect(open(uri(), { agent: "", privateKeys: [key], knownHosts: sshd.knownHosts() })).rejects.toMatchObject({ kind: "authFailed" });
  });

  it("refuses an unknown host key with its fingerprint, unless the caller accepts it", async () => {
    const printed = execFileSync("ssh-keygen", ["-lf", join(sshd.folder, "host_ed25519.pub")], { encoding: "utf8" }).split(" ")[1];
    await expect(open(uri(), { ...keys, knownHosts: "" })).rejects.toMatchObject({
      kind: "hostKeyUnknown",
      remedy: expect.stringContaining("known_hosts"),
      fingerprint: expect.stringMatching(/^SHA256:/),
    });
    const asked: UnknownHostKey[] = [];
    expect(
      await open(uri(), {
        ...keys,
        knownHosts: "",
        acceptUnknown: (key) => {
          asked.push(key);
          return true;
        },
      }),
    ).toBe("test:///default");
    expect(asked).toMatchObject([{ host: "127.0.0.1", port: sshd.port }]);
    expect([printed, asked[0]?.fingerprint]).toContain(asked[0]?.type === "ssh-ed25519" ? printed : asked[0]?.fingerprint);
    // What the caller was shown is what known_hosts takes.
    const remembered = `[127.0.0.1]:${sshd.port} ${asked[0]?.type} ${asked[0]?.key}`;
    expect(await open(uri(), { ...keys, knownHosts: remembered })).toBe("test:///default");
    expect(await open(uri(`?socket=${daemon.socket}&known_hosts_verify=auto`), { ...keys, knownHosts: "" })).toBe("test:///default");
  });

  it("refuses a changed host key, even when unknown ones are accepted", async () => {
    await using other = await PrivateSshd.start();
    const changed = other.knownHosts("ed25519", `[127.0.0.1]:${sshd.port}`);
    const ssh = { ...keys, knownHosts: changed, acceptUnknown: () => true };
    await expect(open(uri(), ssh)).rejects.toMatchObject({
      kind: "hostKeyChanged",
      message: expect.stringContaining(`ssh-keygen -R '[127.0.0.1]:${sshd.port}'`),
    });
    await expect(open(uri(`?socket=${daemon.socket}&known_hosts_verify=auto`), ssh)).rejects.toMatchObject({ kind: "hostKeyChanged" });
  });

  it("names a refused key, a closed port, a server that is not SSH, and one that says nothing", async () => {
    await using stranger = await PrivateSshd.start();
    const known = { agent: "", knownHosts: sshd.knownHosts() };
    await expect(open(uri(), { ...known, privateKeys: [readFileSync(stranger.keyFile, "utf8")] })).rejects.toMatchObject({ kind: "authFailed" });
    await expect(open(uri(), { ...known, privateKeys: [] })).rejects.toMatchObject({
      kind: "authFailed",
      message: expect.stringContaining("no key, agent or password"),
    });
    await expect(open(uri(), { agent: "/nowhere/agent", privateKeys: [], knownHosts: sshd.knownHosts() })).rejects.toMatchObject({
      kind: "authFailed",
      message: expect.stringContaining("agent cannot be used"),
    });
    await expect(open(`test+ssh://127.0.0.1:1/default`, { ...keys, knownHosts: "" })).rejects.toMatchObject({ kind: "refused" });
    await using tcp = await PrivateLibvirtd.start({ listen: "tcp" });
    await expect(open(`test+ssh://127.0.0.1:${tcp.port}/default`, { ...keys, knownHosts: "" }, { openTimeoutMs: 1_000 })).rejects.toMatchObject({
      kind: expect.stringMatching(/timeout|protocol|lost/),
    });
  });

  it("says that libvirt cannot be reached behind SSH", async () => {
    const ssh = { ...keys, knownHosts: sshd.knownHosts() };
    await expect(open(uri("?socket=/nowhere/sock"), ssh)).rejects.toMatchObject({
      name: "ConnectionError",
      kind: "tunnel",
      message: expect.stringMatching(/nowhere/),
    });
    await expect(open(uri("?netcat=no-such-nc"), ssh)).rejects.toMatchObject({ kind: "tunnel", message: expect.stringContaining("no-such-nc") });
  });

  it("forwards the socket itself where no command may run", async () => {
    await using locked = await PrivateSshd.start(["ForceCommand /bin/false"]);
    const ssh = { agent: "", privateKeys: [readFileSync(locked.keyFile, "utf8")], knownHosts: locked.knownHosts() };
    expect(await open(uri(`?socket=${daemon.socket}`, locked), ssh)).toBe("test:///default");
  });

  it("uses netcat where forwarding is forbidden", async () => {
    await using closed = await PrivateSshd.start(["AllowStreamLocalForwarding no"]);
    const ssh = { agent: "", privateKeys: [readFileSync(closed.keyFile, "utf8")], knownHosts: closed.knownHosts() };
    expect(await open(uri(`?socket=${daemon.socket}`, closed), ssh)).toBe("test:///default");
  });

  it("kind: SSH server ends under an open connection; calls end at once", async () => {
    const own = await PrivateSshd.start();
    const conn = await connect(uri(`?socket=${daemon.socket}`, own), {
      ssh: { agent: "", privateKeys: [readFileSync(own.keyFile, "utf8")], knownHosts: own.knownHosts() },
    });
    const reason = conn.closed;
    execFileSync("sh", ["-c", `ps -o pid= --ppid ${own.pid} | xargs -r kill -9`]);
    await own[Symbol.asyncDispose]();
    expect((await reason).kind).toBe("lost");
    await expect(conn.call.connectGetType()).rejects.toMatchObject({ kind: "lost" });
  });
});
