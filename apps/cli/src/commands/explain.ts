import type { Run } from "../command.ts";
import { escapeText } from "../output/escape.ts";
import { colourOfState } from "../output/paint.ts";
import { show } from "../show.ts";

/** `explain`: what the state means, since when, why, and what can be done now. */
export const explain: Run = async (context) => {
  const client = await context.client();
  const answer = await client.call("vmExplain", { params: { id: context.words[0]! } });
  const { paint } = context;
  await show(context, answer, () => [
    ...answer.sentences.map((sentence, i) => (i === 0 ? paint(colourOfState(answer.state), escapeText(sentence)) : `  ${escapeText(sentence)}`)),
    ...(answer.fresh ? [] : [paint("yellow", "This is as last seen: its host does not answer.")]),
    ...(answer.actions.some((each) => each.allowed)
      ? [
          `Possible now: ${answer.actions
            .filter((each) => each.allowed)
            .map((each) => escapeText(each.action))
            .join(", ")}`,
        ]
      : []),
    ...answer.actions.filter((each) => !each.allowed).map((each) => paint("grey", `Not now: ${escapeText(each.reason ?? each.action)}`)),
  ]);
};

/** `state` (virsh domstate): the state and its reason, for scripts. */
export const state: Run = async (context) => {
  const client = await context.client();
  const vm = await client.call("vmGet", { params: { id: context.words[0]! } });
  await show(context, { state: vm.state, reason: vm.reason, since: vm.stateSince }, () => [`${vm.state} (${escapeText(vm.reason)})`]);
};
