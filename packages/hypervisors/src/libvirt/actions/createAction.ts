import { PolyvisorError } from "@polyvisor/model";
import type { VmSpec } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import { diskTargets } from "../domain/buildDevices.ts";
import { buildDomain } from "../domain/buildDomain.ts";
import type { BuildContext } from "../domain/buildDomain.ts";
import { isUnsupported } from "../failure.ts";
import { guestSupport, guestTypes, nothingParticular } from "../host/guestSupport.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { writeIndented } from "../xml/writeXml.ts";
import type { ActionTools, VerbHandlers } from "./actionTools.ts";
import type { PlacedDisk } from "./placeDisk.ts";
import { placeDisk, placeFile, takeBack } from "./placeDisk.ts";

export const createAction: Pick<VerbHandlers, "vm.create"> = {
  "vm.create": {
    async run(tools, { vm, spec }) {
      const { session } = tools;
      const [taken, guests] = await Promise.all([absent(session.call.domainLookupByName({ name: spec.name }), "NO_DOMAIN"), guestTypes(session)]);
      if (taken) throw new PolyvisorError("nameTaken", { detail: `${session.endpoint} already has a VM "${spec.name}"` });
      const placed: PlacedDisk[] = [];
      let how: string | undefined;
      try {
        const described = await describe(tools, guests, vm, spec, placed);
        how = described.how;
        await defineNew(session, described.xml, vm, 0);
      } catch (error) {
        await takeBack(session, placed, error);
        throw error;
      }
      if (spec.autostart) {
        const dom = await session.vm(vm);
        await session.call.domainSetAutostart({ dom, autostart: 1 });
      }
      return { message: how ? `created; ${how}` : "created" };
    },
    observe: async ({ session }, { vm, spec }) => ((await session.findVm(vm))?.name === spec.name ? "done" : "notDone"),
  },
};

/**
 * Defines a VM. @param flags by `VIR_DOMAIN_DEFINE_VALIDATE` libvirt checks the description against its own schema
 * first: some 11 ms, for what somebody wrote. What we build ourselves fits it, as `domainSchema.lab.test.ts` shows.
 */
export async function defineNew(session: Session, xml: string, uuid: string, flags: number = c.VIR_DOMAIN_DEFINE_VALIDATE): Promise<void> {
  const { dom } = await session.call.domainDefineXmlFlags({ xml, flags }).catch(async (error: unknown) => {
    if (!isUnsupported(error) || /unsupported configuration/i.test((error as Error).message)) throw error;
    return session.call.domainDefineXml({ xml });
  });
  if (dom.uuid !== uuid) {
    await session.call.domainUndefine({ dom }).catch(() => {});
    throw new PolyvisorError("badRequest", { detail: `the description defines VM ${dom.uuid}, and not ${uuid} as the action says`, where: "/definition" });
  }
}

async function describe(
  { session, acceleration }: ActionTools,
  { hostArch, types }: Awaited<ReturnType<typeof guestTypes>>,
  uuid: string,
  spec: VmSpec,
  placed: PlacedDisk[],
): Promise<{ xml: string; how: string | undefined }> {
  const driver = session.driver.toLowerCase();
  const arch = spec.arch ?? hostArch;
  if (types.size > 0 && !types.has(arch))
    throw new PolyvisorError("notSupported", {
      detail: `${session.endpoint} runs guests of ${[...types.keys()].join(", ")}, and none of ${arch}`,
      where: "/spec/arch",
    });
  const { virtType, how } =
    driver === "qemu" ? await chooseType(acceleration, spec, arch, hostArch, types.get(arch) ?? new Set()) : { virtType: driver, how: undefined };
  if (driver !== "qemu" && spec.acceleration === "emulated")
    throw new PolyvisorError("notSupported", { detail: `libvirt's ${session.driver} driver emulates no processor`, where: "/spec/acceleration" });
  const [support, kernel, initramfs, root] = await Promise.all([
    driver === "qemu" ? guestSupport(session, arch, virtType) : nothingParticular,
    spec.boot && placeFile(session, spec.boot.kernel, "/spec/boot/kernel"),
    spec.boot?.initramfs === undefined ? undefined : placeFile(session, spec.boot.initramfs, "/spec/boot/initramfs"),
    spec.container && placeRoot(session, spec.container.root),
  ]);
  if (driver === "qemu" && spec.firmware === "efi" && !support.firmwares.includes("efi"))
    throw new PolyvisorError("notSupported", {
      detail: `there is no UEFI firmware for ${arch} guests on ${session.endpoint}`,
      remedy: "Install it there (Debian: ovmf), or use bios.",
      where: "/spec/firmware",
    });
  const context = { driver, uuid, virtType, arch, defaultMachine: support.machine, cpuModes: support.cpuModes, sources: [], kernel, initramfs, root };
  // What cannot be is refused before a volume is made for it.
  const targets = diskTargets(buildDomain(spec, context));
  for (const [i, disk] of spec.disks.entries()) placed.push(await placeDisk(session, disk, `${spec.name}-${targets[i]}`, `/spec/disks/${i}`));
  return { how, xml: writeIndented(buildDomain(spec, { ...context, sources: placed.map(({ source }) => source) })) };
}

/** A volume that is a file or a block device holds the root's file system; any other path is a folder. */
async function placeRoot(session: Session, root: string): Promise<BuildContext["root"]> {
  const vol = await session.findVolumeAt(root);
  if (vol) {
    const [{ type }, { name: path }] = await Promise.all([session.call.storageVolGetInfo({ vol }), session.call.storageVolGetPath({ vol })]);
    if (type === c.VIR_STORAGE_VOL_FILE || type === c.VIR_STORAGE_VOL_BLOCK) return { image: path, device: type === c.VIR_STORAGE_VOL_BLOCK };
    return { folder: path };
  }
  if (root.startsWith("/")) return { folder: root };
  throw new PolyvisorError("badRequest", {
    detail: `the root file system "${root}" is neither an absolute path on the host nor a volume of it`,
    where: "/spec/container/root",
  });
}

/** Hardware only where a test guest booted with it; the choice is told with its reason. */
async function chooseType(
  acceleration: ActionTools["acceleration"],
  spec: VmSpec,
  arch: string,
  hostArch: string,
  types: ReadonlySet<string>,
): Promise<{ virtType: string; how: string }> {
  if (spec.acceleration === "emulated") return { virtType: "qemu", how: "emulated, as asked for" };
  const native = arch === hostArch || (arch === "i686" && hostArch === "x86_64");
  if (!native || !types.has("kvm")) {
    const why = native ? "the host offers no KVM" : `a ${arch} guest cannot run on a ${hostArch} processor`;
    if (spec.acceleration === "hardware")
      throw new PolyvisorError("notSupported", { detail: `hardware acceleration was asked for, but ${why}`, where: "/spec/acceleration" });
    return { virtType: "qemu", how: `emulated: ${why}` };
  }
  const { usable, evidence } = await acceleration.result();
  if (usable === "hardware") return { virtType: "kvm", how: `accelerated by hardware: ${evidence}` };
  if (spec.acceleration === "hardware")
    throw new PolyvisorError("notSupported", { detail: `hardware acceleration was asked for, but ${evidence}`, where: "/spec/acceleration" });
  return { virtType: "qemu", how: `emulated: ${evidence}` };
}
