import { allowed, PolyvisorError, verbs } from "@polyvisor/model";
import type { Action, FeatureTable, LifecycleAction, Verb } from "@polyvisor/model";
import type { Domain } from "@polyvisor/protocol-libvirt";
import type { RunContext, RunResult } from "../../hypervisor.ts";
import { vmState } from "../domain/domainState.ts";
import { lookAtVm } from "../domain/vmListing.ts";
import { failure } from "../failure.ts";
import type { Session } from "../session.ts";
import type { ActionTools, Observation, VerbHandler, VerbHandlers } from "./actionTools.ts";
import { cloneAction } from "./cloneAction.ts";
import { createAction } from "./createAction.ts";
import { definitionActions } from "./definitionActions.ts";
import { deviceActions } from "./deviceActions.ts";
import { migrateAction } from "./migrateAction.ts";
import { networkActions } from "./networkActions.ts";
import { powerActions } from "./powerActions.ts";
import { sendKeysAction } from "./sendKeysAction.ts";
import { sizeActions } from "./sizeActions.ts";
import { snapshotActions } from "./snapshotActions.ts";
import { storageActions } from "./storageActions.ts";

const handlers: VerbHandlers = {
  ...createAction,
  ...definitionActions,
  ...powerActions,
  ...sizeActions,
  ...deviceActions,
  ...snapshotActions,
  ...cloneAction,
  ...migrateAction,
  ...sendKeysAction,
  ...storageActions,
  ...networkActions,
};

/** Verbs whose object may be missing without that being a mistake: it is made, or gone already. */
const withoutObject = new Set(["vm.create", "vm.define", "vm.delete", "vm.restore"]);

function handlerOf(action: Action): VerbHandler<never> {
  return handlers[action.verb] as unknown as VerbHandler<never>;
}

/** Carries an action out. What is so already is not done again; what fails because someone was faster counts as done. */
export async function runAction(tools: ActionTools, features: FeatureTable, action: Action, context: RunContext): Promise<RunResult> {
  const { session } = tools;
  let doing = wordsOf(action);
  const feature = features[verbs[action.verb].feature];
  if (!feature.supported) throw new PolyvisorError("notSupported", { detail: `${doing} on ${session.endpoint}: ${feature.reason}` });
  const already: RunResult = { message: "was so already", already: true };
  return session.told(doing, async () => {
    if (context.signal.aborted) throw new PolyvisorError("cancelled", { detail: `${doing}: nothing was done` });
    const dom = "vm" in action ? await session.findVm(action.vm) : undefined;
    if (dom) doing = wordsOf(action, dom.name);
    if ("vm" in action && !dom && !withoutObject.has(action.verb)) await session.vm(action.vm);
    if ((await observeAction(tools, action)) === "done") return already;
    // From a file of its own a VM resumes whatever it was; libvirt refuses one that runs.
    if (dom && !(action.verb === "vm.restore" && action.path !== undefined)) await allowedNow(session, dom, action.verb);
    try {
      return await handlerOf(action).run(tools, action as never, context);
    } catch (error) {
      const told = failure(error, { endpoint: session.endpoint, doing });
      if (
        ["wrongState", "nameTaken", "notFound"].includes(told.code) &&
        session.connection.open &&
        (await observeAction(tools, action).catch(() => "unknown")) === "done"
      )
        return already;
      throw told;
    }
  });
}

/** Refuses what the VM's state does not allow, by the one table that everybody decides by. */
async function allowedNow(session: Session, dom: Domain, verb: Verb): Promise<void> {
  const lifecycle: LifecycleAction | undefined = verb === "vm.restore" ? "restore" : verbs[verb].lifecycle;
  const entry = lifecycle && (await lookAtVm(session, dom));
  if (!lifecycle || !entry) return;
  const answer = allowed(vmState(entry.state, entry.reason, entry.managedSave).state, lifecycle);
  if (!answer.ok) throw new PolyvisorError("wrongState", { detail: `VM "${dom.name}" on ${session.endpoint}: ${answer.reason}` });
}

/** Whether the world is as the action would leave it. */
export async function observeAction(tools: ActionTools, action: Action, signal?: AbortSignal): Promise<Observation> {
  const handler = handlerOf(action);
  if (!handler.observe) return "unknown";
  return tools.session.told(`look whether "${wordsOf(action)}" is done`, () => handler.observe!(tools, action as never, signal));
}

/** An action in words: `start VM 6695eb01-…`. */
function wordsOf(action: Action, name?: string): string {
  const { words } = verbs[action.verb];
  if ("vm" in action) return `${words}: VM ${name !== undefined ? `"${name}"` : "spec" in action ? `"${action.spec.name}"` : action.vm}`;
  if ("volume" in action) return `${words}: ${action.datastore}/${action.volume}`;
  if ("datastore" in action) return `${words}: ${action.datastore}`;
  return "network" in action ? `${words}: ${action.network}` : `${words}: ${action.name}`;
}
