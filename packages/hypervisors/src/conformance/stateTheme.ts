import { allowed, powerVerbs, verbs, vmStates, type FeatureName, type LifecycleAction, type Verb, type VmState } from "@polyvisor/model";
import { expect } from "vitest";
import type { Check } from "./suite.ts";
import type { ConformanceTarget } from "./target.ts";
import { alike, steady, type ActionInput, type Workshop } from "./workshop.ts";

/** Verbs that the state decides about and that need nothing but the VM. */
const driven = [...powerVerbs, "vm.rename", "vm.sendKeys", "vm.delete"] as const satisfies Verb[];
type Driven = (typeof driven)[number];

/** States in which the world already is as the verb would leave it. */
const doneIn: Partial<Record<Driven, readonly VmState[]>> = {
  "vm.start": ["running", "blocked"],
  "vm.shutdown": ["off"],
  "vm.pause": ["paused"],
  "vm.unpause": ["running", "blocked"],
  "vm.wake": ["running", "blocked"],
  "vm.save": ["saved"],
  "vm.restore": ["running", "blocked"],
  "vm.destroy": ["off"],
};

const lifecycleOf = (verb: Driven): LifecycleAction => (verb === "vm.restore" ? "restore" : verbs[verb].lifecycle!);

function actionOf(workshop: Workshop, verb: Driven, vm: string): ActionInput {
  if (verb === "vm.rename") return { verb, vm, name: workshop.name() };
  if (verb === "vm.delete") return { verb, vm, volumes: [] };
  if (verb === "vm.sendKeys") return { verb, vm, keys: workshop.target.keys ?? ["KEY_ENTER"] };
  if (verb === "vm.shutdown") return { verb, vm, timeoutSeconds: Math.ceil(workshop.patienceMs / 1000) };
  return { verb, vm };
}

/** How a state is reached, for the features that this needs. */
const reachedBy: Partial<Record<VmState, FeatureName[]>> = {
  off: [],
  running: ["vm.start", "vm.destroy"],
  paused: ["vm.start", "vm.pause", "vm.destroy"],
  saved: ["vm.start", "vm.save", "vm.destroy"],
};

const needsGuest: readonly Driven[] = ["vm.shutdown", "vm.reboot"];
const notForced = (target: ConformanceTarget, state: VmState): string | undefined =>
  reachedBy[state] === undefined && !target.force?.[state] ? `the target cannot bring a VM into state ${state}` : undefined;

export function stateTheme(check: Check): void {
  for (const state of vmStates) {
    if (state === "unknown" || state === "blocked") continue; // nobody can bring a VM there at will

    check(
      `refuses in state "${state}" what the state table forbids, and changes nothing`,
      { features: ["vm.create", ...(reachedBy[state] ?? ["vm.start"])], unless: (target) => notForced(target, state) },
      async (workshop) => {
        const vm = await workshop.make();
        await workshop.bring(vm, state);
        const before = steady(await workshop.vm(vm));
        for (const verb of driven) {
          if (allowed(state, lifecycleOf(verb)).ok) continue;
          const what = `${verb} in state ${state}`;
          const action = actionOf(workshop, verb, vm);
          if (!workshop.hypervisor.features[verbs[verb].feature].supported) await workshop.refused(workshop.run(action), "notSupported");
          else if (doneIn[verb]?.includes(state)) {
            const outcome = await workshop.run(action).catch((error: unknown) => error);
            // Waking what is awake and resuming what runs is as good as done, or refused; it is never an accident.
            if (verb === "vm.wake" || verb === "vm.restore")
              expect(outcome, what).toSatisfy(
                (answer) => (answer as { already?: boolean }).already === true || (answer as { code?: string }).code === "wrongState",
              );
            else expect(outcome, what).toMatchObject({ already: true });
          } else await workshop.refused(workshop.run(action), "wrongState");
          expect(steady(await workshop.vm(vm)), `${what} changed the VM`).toEqual(before);
        }
      },
    );

    for (const verb of driven) {
      const answer = allowed(state, lifecycleOf(verb));
      if (!answer.ok) continue;
      const needs = [verbs[verb].feature, "vm.create", ...(reachedBy[state] ?? ["vm.start"])] as FeatureName[];
      check(
        `does ${verb} in state "${state}" and leaves it ${verb === "vm.delete" ? "gone" : `"${answer.next}"`}`,
        {
          features: needs,
          unless: (target) =>
            notForced(target, state) ??
            (target.cannot?.[verb] && (target.cannot[verb].in ?? [state]).includes(state) ? target.cannot[verb].reason : undefined) ??
            (needsGuest.includes(verb) && target.guestObeys === false ? "nothing in this target's VMs obeys" : undefined),
        },
        async (workshop) => {
          const vm = await workshop.make();
          await workshop.bring(vm, state);
          const action = actionOf(workshop, verb, vm);
          const { observable } = verbs[verb];
          expect(await workshop.observe(action)).toBe(observable ? "notDone" : "unknown");
          const result = await workshop.run(action);
          expect(result.already ?? false).toBe(false);
          expect(result.message.length).toBeGreaterThan(0);
          if (observable) expect(await workshop.observe(action)).toBe("done");
          const after = await workshop.find(vm);
          if (verb === "vm.delete") return expect(after).toBeUndefined();
          expect(after).toSatisfy((facts: typeof after) => facts !== undefined && alike(facts.state, answer.next));
          if (verb === "vm.rename") expect(after!.name).toBe((action as { name: string }).name);
          if (observable) expect(await workshop.run(action), "a second run").toMatchObject({ already: true });
          expect(steady(await workshop.vm(vm))).toEqual(steady(after));
        },
      );
    }
  }

  check("starts a VM paused when asked to", { features: ["vm.create", "vm.start", "vm.pause", "vm.destroy"] }, async (workshop) => {
    const vm = await workshop.make();
    await workshop.run({ verb: "vm.start", vm, paused: true });
    expect((await workshop.vm(vm)).state).toBe("paused");
    expect(await workshop.run({ verb: "vm.start", vm, paused: true })).toMatchObject({ already: true });
  });

  check("does nothing to a VM that there is not", {}, async (workshop) => {
    const vm = "00000000-0000-4000-8000-0123456789ab";
    for (const verb of driven) {
      const action = actionOf(workshop, verb, vm);
      if (!workshop.hypervisor.features[verbs[verb].feature].supported) await workshop.refused(workshop.run(action), "notSupported");
      else if (verb === "vm.delete") expect(await workshop.run(action)).toMatchObject({ already: true });
      else await workshop.refused(workshop.run(action), "notFound");
    }
  });
}
