import { stateReasons, vmStates } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import { describe, expect, it } from "vitest";
import { isActive, lifecycleCause, vmState } from "./domainState.ts";

describe("a VM's state", () => {
  it.each<[number, number, boolean, string, string]>([
    [c.VIR_DOMAIN_RUNNING, c.VIR_DOMAIN_RUNNING_BOOTED, false, "running", "booted"],
    [c.VIR_DOMAIN_PAUSED, c.VIR_DOMAIN_PAUSED_IOERROR, false, "paused", "ioerror"],
    [c.VIR_DOMAIN_PAUSED, c.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED, false, "paused", "postcopyFailed"],
    [c.VIR_DOMAIN_SHUTDOWN, 0, false, "shuttingDown", "unknown"],
    [c.VIR_DOMAIN_SHUTOFF, c.VIR_DOMAIN_SHUTOFF_DESTROYED, false, "off", "destroyed"],
    [c.VIR_DOMAIN_SHUTOFF, c.VIR_DOMAIN_SHUTOFF_SAVED, true, "saved", "saved"],
    // The image was taken away behind our back: it would boot afresh.
    [c.VIR_DOMAIN_SHUTOFF, c.VIR_DOMAIN_SHUTOFF_SAVED, false, "off", "saved"],
    [c.VIR_DOMAIN_SHUTOFF, c.VIR_DOMAIN_SHUTOFF_CRASHED, false, "crashed", "crashed"],
    [c.VIR_DOMAIN_CRASHED, c.VIR_DOMAIN_CRASHED_PANICKED, false, "crashed", "panicked"],
    [c.VIR_DOMAIN_PMSUSPENDED, 0, false, "suspended", "unknown"],
    [c.VIR_DOMAIN_NOSTATE, 0, false, "unknown", "unknown"],
    [99, 99, false, "unknown", "unknown"],
    [c.VIR_DOMAIN_RUNNING, 99, false, "running", "unknown"],
  ])("%i/%i with saved memory %s is %s: %s", (state, reason, saved, expected, why) => {
    expect(vmState(state, reason, saved)).toEqual({ state: expected, reason: why });
  });

  it("has words of the model for every reason of libvirt", () => {
    for (let state = 0; state < 9; state++) {
      for (let reason = 0; reason < 20; reason++) {
        const known = vmState(state, reason, false);
        expect(vmStates).toContain(known.state);
        expect(Object.hasOwn(stateReasons, known.reason), known.reason).toBe(true);
      }
    }
  });

  it("is active as libvirt counts it", () => {
    expect([1, 2, 3, 4, 6, 7].map(isActive)).toEqual([true, true, true, true, true, true]);
    expect([0, 5].map(isActive)).toEqual([false, false]);
  });

  it("changes for a cause in words", () => {
    expect(lifecycleCause(c.VIR_DOMAIN_EVENT_STARTED, c.VIR_DOMAIN_EVENT_STARTED_RESTORED)).toBe("started: restored");
    expect(lifecycleCause(c.VIR_DOMAIN_EVENT_SUSPENDED, c.VIR_DOMAIN_EVENT_SUSPENDED_IOERROR)).toBe("paused: by a disk's I/O error");
    expect(lifecycleCause(c.VIR_DOMAIN_EVENT_STOPPED, 99)).toBe("stopped");
    expect(lifecycleCause(99, 0)).toBe("changed");
  });
});
