import { randomUUID } from "node:crypto";
import type { HostFacts } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { cpuStats } from "../samples.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { attribute, child, children, element, textOf } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";

export type Acceleration = HostFacts["acceleration"];

/** What was found on an endpoint, with its processors' total time then: less than that later means that the machine was started anew. */
const found = new Map<string, { acceleration: Acceleration; cpuTime: bigint }>();

const namePrefix = "polyvisor-probe-";
/** Whether a VM is such a test guest, of this or another Polyvisor: no inventory shows it. */
export const isTestGuest = (name: string): boolean => name.startsWith(namePrefix);

/** Milliseconds that a test guest's firmware may take; on hardware it takes a tenth of a second. */
const patience = { emulated: 20_000, hardware: 10_000 } as const;
/** As fast as emulation, or within a second: firmware waits for timers more than it computes. */
const fine = (hardware: number | string, emulated: number | string): boolean =>
  typeof hardware === "number" && hardware <= Math.max(1_000, typeof emulated === "number" ? emulated : 0);
/** Attempts before KVM is said to accelerate nothing: on a busy host one may be slow by accident, and the best counts. */
const attempts = 3;

/**
 * Finds out whether hardware acceleration really works on a host, by booting a guest with it. The guest has no disk
 * and a firmware that presses reset when it finds nothing to boot, which ends it: that it ends by itself shows that
 * its processor executed the whole firmware, and how long that took. The same guest is emulated for comparison, for
 * a KVM that works slower than emulation (nested without support) accelerates nothing and fails on ordinary kernels.
 */
export class AccelerationProbe {
  readonly #session: Session;
  #result: Promise<Acceleration> | undefined;
  #known: Acceleration | undefined;
  /** Told when the result is there. */
  done: () => void = () => {};

  constructor(session: Session) {
    this.#session = session;
  }

  /** What is known now, without waiting. */
  now(capabilities: XmlElement): Acceleration {
    return (
      this.#known ??
      found.get(this.#session.endpoint)?.acceleration ??
      withoutProbe(this.#session.driver, capabilities) ?? {
        usable: "emulated",
        evidence: "no test guest has been booted with KVM yet; until one has, guests are emulated",
      }
    );
  }

  /** The result, by the first caller's probe. Never rejects: a probe that fails is an answer too. */
  result(): Promise<Acceleration> {
    this.#result ??= this.#find().then((acceleration) => {
      this.#known = acceleration;
      this.done();
      return acceleration;
    });
    return this.#result;
  }

  async #find(): Promise<Acceleration> {
    try {
      const capabilities = parseXml((await this.#session.call.connectGetCapabilities()).capabilities, "the host's capabilities");
      const plain = withoutProbe(this.#session.driver, capabilities);
      if (plain) return plain;
      const cpuTime = await this.#cpuTime();
      const before = found.get(this.#session.endpoint);
      if (before && cpuTime >= before.cpuTime) return before.acceleration;
      const acceleration = await this.#boot();
      found.set(this.#session.endpoint, { acceleration, cpuTime });
      this.#session.log("info", "the acceleration of the host was probed", { ...acceleration });
      return acceleration;
    } catch (error) {
      return { usable: "emulated", evidence: `the probe could not be made: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  /** Ends test guests that whoever started them left behind: after a minute none is anyone's any more. */
  async #sweep(): Promise<void> {
    const { call, connection } = this.#session;
    const { domains } = await call.connectListAllDomains({ needResults: 1, flags: c.VIR_CONNECT_LIST_DOMAINS_ACTIVE });
    const left = domains.filter(({ name }) => isTestGuest(name));
    const end = async (): Promise<void> => {
      for (const dom of left) if (connection.open) await call.domainDestroy({ dom }).catch(() => {});
    };
    if (left.length > 0) setTimeout(() => void end(), 60_000).unref();
  }

  async #boot(): Promise<Acceleration> {
    await this.#sweep();
    let emulated: number | string = "not tried";
    let hardware: number | string = "not tried";
    for (let attempt = 0; attempt < attempts && !fine(hardware, emulated); attempt++) {
      emulated = better(emulated, await this.#time("qemu", patience.emulated));
      hardware = better(hardware, await this.#time("kvm", patience.hardware));
      // What does not run at all, or ten times slower, is not slow by accident.
      if (typeof hardware === "string" || (typeof emulated === "number" && hardware > 10 * emulated)) break;
    }
    const compare = typeof emulated === "number" ? `${seconds(emulated)} emulated` : `not at all emulated (${emulated})`;
    if (typeof hardware === "number" && fine(hardware, emulated))
      return { usable: "hardware", evidence: `a test guest's firmware ran to its end in ${seconds(hardware)} with KVM, ${compare}` };
    if (typeof hardware === "number")
      return {
        usable: "emulated",
        evidence: `KVM is there, but a test guest's firmware took ${seconds(hardware)} with it and ${compare}: it accelerates nothing here`,
      };
    return {
      usable: typeof emulated === "number" ? "emulated" : "none",
      evidence: `a test guest did not boot with KVM (${hardware}); ${typeof emulated === "number" ? `its firmware took ${compare}` : compare}`,
    };
  }

  /** Milliseconds from the guest's first instruction to its reset, or why there is no such number. */
  async #time(type: "kvm" | "qemu", limitMs: number): Promise<number | string> {
    const { call, connection } = this.#session;
    const uuid = randomUUID();
    let began: number | undefined;
    const ended = Promise.withResolvers<number | string>();
    const off = connection.events.subscribe("domainEventCallbackLifecycle", ({ msg }) => {
      if (msg.dom.uuid !== uuid) return;
      if (msg.event === c.VIR_DOMAIN_EVENT_STARTED || msg.event === c.VIR_DOMAIN_EVENT_RESUMED) began ??= performance.now();
      if (msg.event === c.VIR_DOMAIN_EVENT_SHUTDOWN && msg.detail !== c.VIR_DOMAIN_EVENT_SHUTDOWN_HOST)
        ended.resolve(performance.now() - (began ?? performance.now()));
      if (msg.event === c.VIR_DOMAIN_EVENT_STOPPED)
        ended.resolve(msg.detail === c.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN ? performance.now() - (began ?? performance.now()) : "it stopped without having run");
      if (msg.event === c.VIR_DOMAIN_EVENT_CRASHED || (msg.event === c.VIR_DOMAIN_EVENT_SUSPENDED && msg.detail !== c.VIR_DOMAIN_EVENT_SUSPENDED_PAUSED))
        ended.resolve("its virtual processor failed");
    });
    void connection.closed.then(() => ended.resolve("the connection was lost"));
    const timer = setTimeout(() => ended.resolve(`its firmware had not ended after ${seconds(limitMs)}`), limitMs);
    timer.unref();
    let dom: Domain | undefined;
    try {
      await this.#session.lifecycleEvents();
      dom = (await call.domainCreateXml({ xmlDesc: testGuest(type, uuid), flags: c.VIR_DOMAIN_START_AUTODESTROY })).dom;
      return await ended.promise;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
      off();
      if (dom && connection.open) await absent(call.domainDestroy({ dom }), "NO_DOMAIN", "OPERATION_INVALID").catch(() => {});
    }
  }

  async #cpuTime(): Promise<bigint> {
    try {
      const params = await cpuStats(this.#session);
      return params.reduce((sum, { value }) => sum + value, 0n);
    } catch {
      return 0n;
    }
  }
}

/** What a driver means without any test; undefined where only a test can tell. */
function withoutProbe(driver: string, capabilities: XmlElement): Acceleration | undefined {
  switch (driver.toLowerCase()) {
    case "lxc":
      return { usable: "container", evidence: "containers run on the host's own kernel" };
    case "test":
      return { usable: "none", evidence: "libvirt's test driver runs no guest code" };
    case "qemu":
      break;
    default:
      return { usable: "none", evidence: `no test guest is known for libvirt's ${driver} driver` };
  }
  const hostArch = textOf(child(child(child(capabilities, "host"), "cpu"), "arch"));
  const kvm = children(capabilities, "guest").some(
    (guest) =>
      attribute(child(guest, "arch"), "name") === hostArch && children(child(guest, "arch"), "domain").some((domain) => attribute(domain, "type") === "kvm"),
  );
  if (!kvm) return { usable: "emulated", evidence: "QEMU there offers no KVM: the processor has no virtualisation, or /dev/kvm is missing or closed to QEMU" };
  if (hostArch !== "x86_64")
    return {
      usable: "emulated",
      evidence: `KVM is offered, but there is no test guest for ${hostArch ?? "this processor"}, so that it works has not been shown`,
    };
  return undefined;
}

/** A guest of 32 MiB without a disk whose firmware presses reset when it finds nothing to boot; the reset ends it. */
function testGuest(type: "kvm" | "qemu", uuid: string): string {
  return writeXml(
    element(
      "domain",
      { type },
      element("name", {}, `${namePrefix}${uuid.slice(0, 8)}`),
      element("uuid", {}, uuid),
      element("title", {}, "Polyvisor finds out whether hardware acceleration works; ends by itself within seconds"),
      element("memory", { unit: "MiB" }, "32"),
      element("vcpu", {}, "1"),
      element("os", {}, element("type", { arch: "x86_64" }, "hvm"), element("boot", { dev: "hd" }), element("bios", { rebootTimeout: 0 })),
      element("on_poweroff", {}, "destroy"),
      element("on_reboot", {}, "destroy"),
      element("on_crash", {}, "destroy"),
      element(
        "devices",
        {},
        element("controller", { type: "usb", model: "none" }),
        element("video", {}, element("model", { type: "none" })),
        element("memballoon", { model: "none" }),
      ),
    ),
  );
}

/** The shorter of two times; a time is better than a reason why there is none. */
function better(a: number | string, b: number | string): number | string {
  if (typeof a === "string") return b;
  return typeof b === "string" ? a : Math.min(a, b);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
