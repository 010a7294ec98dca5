import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verbs } from "./verbs.ts";
import { allowed, lifecycleActions, stateReasons, stateTable, stateWords, vmStates, type LifecycleAction, type VmState } from "./state.ts";

describe("the state table", () => {
  it("has a row for each state, with words for someone who has never seen it", () => {
    expect(Object.keys(stateTable).sort()).toEqual([...vmStates].sort());
    expect(Object.keys(stateWords).sort()).toEqual([...vmStates].sort());
    for (const row of Object.values(stateTable)) for (const text of [row.means, row.doesNotMean, row.next]) expect(text).toMatch(/^[A-Z].*\.$/);
  });

  it("leads to states that exist, by actions that exist", () => {
    for (const [state, row] of Object.entries(stateTable)) {
      for (const [action, next] of Object.entries(row.actions)) {
        expect(lifecycleActions, `${state}: ${action}`).toContain(action);
        expect(vmStates, `${state}: ${action}`).toContain(next);
      }
    }
  });

  it("allows each action somewhere, and each state is left by one", () => {
    for (const action of lifecycleActions)
      expect(
        vmStates.some((state) => stateTable[state].actions[action]),
        action,
      ).toBe(true);
    for (const state of vmStates)
      expect(Object.values(stateTable[state].actions).some((next) => next !== state) || stateTable[state].actions.delete, state).toBeTruthy();
  });

  it("says the same of a blocked VM as of a running one", () => {
    const names = (state: VmState): string[] => Object.keys(stateTable[state].actions).sort();
    expect(names("blocked")).toEqual(names("running"));
  });

  it("lets no action take a VM's power but those that say so", () => {
    const ends: LifecycleAction[] = ["shutdown", "save", "destroy", "delete"];
    for (const state of vmStates.filter((each) => stateTable[each].active))
      for (const [action, next] of Object.entries(stateTable[state].actions))
        if (!stateTable[next].active) expect(ends, `${action} in ${state}`).toContain(action);
  });

  it("never deletes what is on, and always lets the power be cut", () => {
    for (const state of vmStates.filter((each) => stateTable[each].active)) {
      expect(stateTable[state].actions.delete, state).toBeUndefined();
      expect(stateTable[state].actions.destroy, state).toBe("off");
    }
  });

  it("answers a refused action with the states that would allow it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...vmStates), fc.constantFrom(...lifecycleActions), (state, action) => {
        const answer = allowed(state, action);
        expect(answer.ok).toBe(stateTable[state].actions[action] !== undefined);
        if (answer.ok) expect(answer.next).toBe(stateTable[state].actions[action]);
        else {
          expect(answer.reason).toContain(stateWords[state]);
          for (const other of vmStates) if (stateTable[other].actions[action]) expect(answer.reason).toContain(stateWords[other]);
        }
      }),
    );
  });

  it("brings every VM off by what it allows, from whatever state", () => {
    for (const start of vmStates) {
      const reached = new Set<VmState>([start]);
      for (const state of reached) for (const next of Object.values(stateTable[state].actions)) reached.add(next);
      expect(reached.has("off"), start).toBe(true);
    }
  });

  it("explains each reason in words", () => {
    for (const [reason, words] of Object.entries(stateReasons)) {
      expect(reason).toMatch(/^[a-z][A-Za-z]*$/);
      expect(words.length).toBeGreaterThan(5);
    }
  });

  it("is asked about lifecycle actions only by verbs that exist", () => {
    for (const [verb, row] of Object.entries(verbs)) if (row.lifecycle) expect(lifecycleActions, verb).toContain(row.lifecycle);
  });
});
