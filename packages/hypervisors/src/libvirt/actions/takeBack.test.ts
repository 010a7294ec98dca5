import { ConnectionError } from "@polyvisor/protocol-libvirt";
import type { StorageVol } from "@polyvisor/protocol-libvirt";
import { expect, it } from "vitest";
import type { Session } from "../session.ts";
import { deviceActions } from "./deviceActions.ts";
import { takeBack } from "./placeDisk.ts";

const vol: StorageVol = { pool: "default", name: "v", key: "/v" };

it("takes a new volume back where the rest was refused, and not where no answer came: it may be in use", async () => {
  const deleted: unknown[] = [];
  const session = { call: { storageVolDelete: async (args: unknown) => void deleted.push(args) } } as unknown as Session;
  await takeBack(session, [{ source: undefined, made: vol }], new ConnectionError("timeout", "no answer"));
  expect(deleted).toEqual([]);
  await takeBack(session, [{ source: undefined, made: vol }], new Error("refused"));
  expect(deleted).toEqual([{ vol }]);
});

it("leaves a new disk's volume alone that the running VM took, whatever the next start says", async () => {
  const xml = "<domain type='kvm'><name>vm</name><os><type arch='x86_64' machine='q35'>hvm</type></os><devices/></domain>";
  const dom = { uuid: "c7a5fdbd-edaf-9455-926a-d65c16db1809", name: "vm", id: 1 };
  const deleted: unknown[] = [];
  const session = (failsFrom: number) => {
    let attached = 0;
    return {
      driver: "QEMU",
      endpoint: "qemu:///system",
      vm: async () => dom,
      pool: async () => ({ uuid: dom.uuid, name: "default" }),
      call: {
        domainGetState: async () => ({ state: 1, reason: 1 }),
        domainIsPersistent: async () => ({ persistent: 1 }),
        domainGetXmlDesc: async () => ({ xml }),
        storageVolLookupByName: async () => undefined,
        storageVolCreateXml: async () => ({ vol }),
        storageVolGetInfo: async () => ({ type: 0 }),
        storageVolGetPath: async () => ({ name: "/v" }),
        storageVolDelete: async (args: unknown) => void deleted.push(args),
        domainAttachDeviceFlags: async () => {
          if (attached++ >= failsFrom) throw new Error("refused");
        },
      },
    } as unknown as Session;
  };
  const attach = (failsFrom: number) =>
    deviceActions["vm.attachDisk"].run(
      { session: session(failsFrom) } as never,
      { verb: "vm.attachDisk", vm: dom.uuid, apply: "both", disk: { size: 1024 ** 2, datastore: "default", device: "disk", format: "qcow2" } } as never,
      { signal: new AbortController().signal, progress: () => {} },
    );
  await expect(attach(1)).rejects.toThrow("refused");
  expect(deleted).toEqual([]);
  await expect(attach(0)).rejects.toThrow("refused");
  expect(deleted).toEqual([{ vol }]);
});
