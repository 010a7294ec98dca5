import type { FeatureName } from "@polyvisor/model";
import { expect } from "vitest";
import type { ByteChannel } from "../hypervisor.ts";
import type { Check } from "./suite.ts";
import type { Workshop } from "./workshop.ts";

const running: FeatureName[] = ["vm.create", "vm.start", "vm.destroy"];

/** Keeps what a channel says, so that a test can wait for it. */
class Listening {
  bytes = Buffer.alloc(0);
  ended = false;
  constructor(channel: ByteChannel) {
    void this.#listen(channel);
  }
  get text(): string {
    return this.bytes.toString("utf8");
  }
  async #listen(channel: ByteChannel): Promise<void> {
    try {
      for await (const chunk of channel.readable) this.bytes = Buffer.concat([this.bytes, chunk]);
    } catch {
      // A channel may end with an error; that it ended is what counts.
    }
    this.ended = true;
  }
}

async function open(workshop: Workshop, vm: string, kind: "text" | "graphical", force = false): Promise<{ channel: ByteChannel; listening: Listening }> {
  const channel = await workshop.hypervisor.console(vm, { kind, force });
  workshop.after(async () => channel.close());
  return { channel, listening: new Listening(channel) };
}

export function consoleTheme(check: Check): void {
  check("carries a text console both ways", { features: [...running, "vm.console.serial"], target: ["console"] }, async (workshop) => {
    const { send, expect: answer } = workshop.target.console!;
    const vm = await workshop.make();
    await workshop.bring(vm, "running");
    const { channel, listening } = await open(workshop, vm, "text");
    await workshop.until(`the guest to answer "${answer}"`, async () => {
      const before = listening.bytes.length;
      await channel.write(Buffer.from(send));
      const deadline = Date.now() + 1000; // a guest that still boots hears nothing: say it again
      await workshop.until("an echo", async () => listening.bytes.length > before || Date.now() > deadline || undefined);
      return listening.text.includes(answer) || undefined;
    });
    channel.close();
    await workshop.until("the end of the channel", async () => listening.ended || undefined);
  });

  check("ends the text console when the guest is gone", { features: [...running, "vm.console.serial"], target: ["console"] }, async (workshop) => {
    const vm = await workshop.make();
    await workshop.bring(vm, "running");
    const { listening } = await open(workshop, vm, "text");
    await workshop.run({ verb: "vm.destroy", vm });
    await workshop.until("the end of the channel", async () => listening.ended || undefined);
  });

  check(
    "gives the text console to one at a time, or to who takes it over",
    {
      features: [...running, "vm.console.serial"],
      target: ["console"],
      unless: (target) => (target.sharedConsole ? "the console takes more than one at a time" : undefined),
    },
    async (workshop) => {
      const vm = await workshop.make();
      await workshop.bring(vm, "running");
      const first = await open(workshop, vm, "text");
      await workshop.refused(workshop.hypervisor.console(vm, { kind: "text" }), "inUse", "hypervisorFailed", "wrongState");
      const second = await open(workshop, vm, "text", true);
      await workshop.until("the first to lose it", async () => first.listening.ended || undefined);
      expect(second.listening.ended).toBe(false);
    },
  );

  check("speaks RFB on a graphical console", { features: [...running, "vm.console.graphical"] }, async (workshop) => {
    const vm = await workshop.make({ graphics: "vnc" });
    await workshop.bring(vm, "running");
    const { channel, listening } = await open(workshop, vm, "graphical");
    await workshop.until("the version of RFB", async () => listening.bytes.length >= 12 || undefined);
    expect(listening.bytes.subarray(0, 12).toString("latin1")).toMatch(/^RFB 003\.00[378]\n$/);
    await channel.write(Buffer.from("RFB 003.008\n"));
    await workshop.until("the types of security", async () => listening.bytes.length >= 14 || undefined);
    expect([...listening.bytes.subarray(13, 13 + listening.bytes[12]!)]).toContain(1);
    await channel.write(Uint8Array.of(1));
    await workshop.until("the result of security", async () => listening.bytes.length >= 14 + 4 || undefined);
    await channel.write(Uint8Array.of(1));
    const at = 13 + listening.bytes[12]! + 4;
    await workshop.until("the size of the screen", async () => listening.bytes.length >= at + 24 || undefined);
    expect(listening.bytes.readUInt16BE(at)).toBeGreaterThan(0);
    expect(listening.bytes.readUInt16BE(at + 2)).toBeGreaterThan(0);
    channel.close();
    await workshop.until("the end of the channel", async () => listening.ended || undefined);
  });

  check("takes a picture of the screen", { features: [...running, "vm.screenshot"] }, async (workshop) => {
    const vm = await workshop.make({ graphics: "vnc" });
    await workshop.bring(vm, "running");
    const { type, bytes } = await workshop.hypervisor.screenshot(vm);
    const begin = { "image/png": "89504e470d0a1a0a", "image/x-portable-pixmap": "5036", "image/jpeg": "ffd8ff" }[type];
    expect(begin, `type ${type}`).toBeDefined();
    expect(Buffer.from(bytes.subarray(0, begin!.length / 2)).toString("hex")).toBe(begin);
    expect(bytes.length).toBeGreaterThan(100);
  });

  check("opens no console and takes no picture of what is off or not there", { features: ["vm.create"] }, async (workshop) => {
    const { hypervisor } = workshop;
    const vm = await workshop.make(hypervisor.features["vm.screenshot"].supported ? { graphics: "vnc" } : {});
    const nobody = "00000000-0000-4000-8000-0123456789ab";
    for (const kind of ["text", "graphical"] as const) {
      const feature = hypervisor.features[kind === "text" ? "vm.console.serial" : "vm.console.graphical"];
      await workshop.refused(hypervisor.console(vm, { kind }), feature.supported ? "wrongState" : "notSupported");
      await workshop.refused(hypervisor.console(nobody, { kind }), feature.supported ? "notFound" : "notSupported");
    }
    const screenshot = hypervisor.features["vm.screenshot"];
    await workshop.refused(hypervisor.screenshot(vm), screenshot.supported ? "wrongState" : "notSupported");
    await workshop.refused(hypervisor.screenshot(nobody), screenshot.supported ? "notFound" : "notSupported");
  });
}
