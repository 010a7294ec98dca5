import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VmFacts } from "@polyvisor/model";
import { expect, it } from "vitest";
import { TestAuthority } from "../../../../tests/lab/certificates.ts";
import { PrivateLibvirtd, type PrivateLibvirtdOptions } from "../../../../tests/lab/privateLibvirtd.ts";
import { PrivateSshd } from "../../../../tests/lab/privateSshd.ts";
import type { ConnectOptions } from "../hypervisor.ts";
import { connectHypervisor } from "../registry.ts";

const user = { username: "al", password: "correct horse, battery=staple" };
const sasl = { mechanisms: "scram-sha-256", users: { [user.username]: user.password } };

/** A daemon, and the URI of its test driver from afar. */
interface Far {
  daemon: PrivateLibvirtd;
  uri: string;
}

async function overSsh(using: AsyncDisposableStack): Promise<Far> {
  const daemon = using.use(await PrivateLibvirtd.start());
  const sshd = using.use(await PrivateSshd.start());
  const knownHosts = join(sshd.folder, "known_hosts_of_the_test");
  writeFileSync(knownHosts, sshd.knownHosts());
  const uri = `test+ssh://${sshd.user}@127.0.0.1:${sshd.port}/default?socket=${daemon.socket}&keyfile=${sshd.keyFile}&known_hosts=${knownHosts}`;
  return { daemon, uri };
}

async function overTls(using: AsyncDisposableStack, more: PrivateLibvirtdOptions = {}): Promise<Far> {
  const authority = using.use(new TestAuthority());
  const folder = mkdtempSync(join(tmpdir(), "pki-"));
  using.defer(() => rmSync(folder, { recursive: true, force: true }));
  const client = authority.issue("console", "clientAuth");
  writeFileSync(join(folder, "cacert.pem"), authority.cert);
  writeFileSync(join(folder, "clientcert.pem"), client.cert);
  writeFileSync(join(folder, "clientkey.pem"), client.key, { mode: 0o600 });
  const tls = { ca: authority.cert, ...authority.issue("localhost", "serverAuth", ["DNS:localhost"]) };
  const daemon = using.use(await PrivateLibvirtd.start({ listen: "tls", tls, ...more }));
  return { daemon, uri: `test+tls://localhost:${daemon.port}/default?pkipath=${folder}` };
}

async function overSocketWithSasl(using: AsyncDisposableStack): Promise<Far> {
  const daemon = using.use(await PrivateLibvirtd.start({ conf: { auth_unix_rw: "sasl" }, sasl }));
  return { daemon, uri: `test+unix:///default?socket=${daemon.socket}` };
}

it.each<[string, (using: AsyncDisposableStack) => Promise<Far>]>([
  ["SSH", overSsh],
  ["TLS with a client certificate", overTls],
  ["TLS with SCRAM", (using) => overTls(using, { conf: { auth_tls: "sasl" }, sasl })],
  ["a socket with SCRAM", overSocketWithSasl],
])("manages a host over %s as it does over a socket: inventory, a change by another client, an action", async (_way, start) => {
  await using stack = new AsyncDisposableStack();
  const { daemon, uri } = await start(stack);
  const settings: ConnectOptions = {
    signal: new AbortController().signal,
    openTimeoutMs: 15_000,
    callTimeoutMs: 15_000,
    secret: async ({ kind }) => (kind === "keyPassphrase" || kind === "hostKey" || uri.includes("+ssh:") ? undefined : user[kind]),
  };
  const far = await connectHypervisor(uri, settings);
  const near = await connectHypervisor(`test+unix:///default?socket=${daemon.socket}`, settings);
  const stop = new AbortController();
  try {
    const told = far.changes(stop.signal)[Symbol.asyncIterator]();
    const first = (await told.next()).value!;
    const vm = (first as { inventory: { vms: VmFacts[] } }).inventory.vms[0]!;
    expect(vm).toMatchObject({ name: "test", state: "running" });
    await near.run({ verb: "vm.pause", vm: vm.nativeId }, { signal: stop.signal, progress: () => undefined });
    let seen: VmFacts | undefined;
    while (seen?.state !== "paused") {
      const change = (await told.next()).value!;
      if (change.type === "upsert" && change.kind === "vm") seen = change.facts;
    }
    await far.run({ verb: "vm.unpause", vm: vm.nativeId }, { signal: stop.signal, progress: () => undefined });
    expect((await near.inventory()).vms[0]).toMatchObject({ state: "running" });
  } finally {
    stop.abort();
    await Promise.all([far.close(), near.close()]);
  }
});
