import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { VmFacts } from "@polyvisor/model";
import { expect, it } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { PrivateSshd } from "../../../../tests/lab/privateSshd.ts";
import { connectHypervisor } from "../registry.ts";

it("manages a host over SSH as it does over a socket: inventory, a change by another client, an action", async () => {
  await using daemon = await PrivateLibvirtd.start();
  await using sshd = await PrivateSshd.start();
  const knownHosts = join(sshd.folder, "known_hosts_of_the_test");
  writeFileSync(knownHosts, sshd.knownHosts());
  const settings = { signal: new AbortController().signal, openTimeoutMs: 15_000, callTimeoutMs: 15_000 };
  const far = await connectHypervisor(
    `test+ssh://${sshd.user}@127.0.0.1:${sshd.port}/default?socket=${daemon.socket}&keyfile=${sshd.keyFile}&known_hosts=${knownHosts}`,
    settings,
  );
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
