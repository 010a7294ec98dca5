import { runVmAction } from "../actions/runVmAction.ts";
import { vmActions } from "../actions/vm/actions.ts";
import { reasonAgainst } from "../actions/vmAction.ts";
import { live } from "../live/live.ts";
import { queries } from "../live/queries.ts";
import { preferences } from "../preferences/preferences.ts";
import { administrationAreas, profileAreas } from "../routes/administration/areas.ts";
import { session } from "../session/session.ts";
import { sections } from "../shell/sections.ts";
import { tellFailure } from "../shell/toasts.ts";
import { t } from "../texts/texts.ts";
import type { Command } from "./command.ts";

/** Commands of the console itself, and those of the VM whose page is open. */
export function commandsFor(path: string, go: (path: string) => void): Command[] {
  const out: Command[] = [];
  const id = /^\/vms\/([^/]+)/.exec(path)?.[1];
  const vm = id === undefined ? undefined : live.object<"vm">(decodeURIComponent(id));
  if (vm)
    for (const action of vmActions) {
      const reason = reasonAgainst(action, vm, live.object<"host">(vm.hostId), undefined);
      out.push({ id: `vm ${action.id}`, text: `${t(action.text)}: ${vm.name}`, reason, run: () => tellFailure(runVmAction(action, [vm])) });
    }
  for (const { path: to, text } of sections) out.push({ id: to, text: t("shell.goTo", { page: t(text) }), run: () => go(to) });
  const mine = queries.getQueryData<readonly string[]>(["permissions", "site"]) ?? [];
  if (mine.includes("host.administer")) out.push({ id: "add host", text: t("addHost.title"), run: () => go("/hosts/add") });
  for (const { path: to, text, needs } of [...profileAreas, ...administrationAreas])
    if (needs === undefined || mine.includes(needs)) out.push({ id: to, text: t("shell.goTo", { page: t(text) }), run: () => go(to) });
  for (const theme of ["light", "dark", "system"] as const)
    out.push({ id: `theme ${theme}`, text: `${t("preferences.theme")}: ${t(`preferences.themes.${theme}`)}`, run: () => preferences.set({ theme }) });
  for (const density of ["dense", "comfortable"] as const)
    out.push({
      id: `density ${density}`,
      text: `${t("preferences.density")}: ${t(`preferences.densities.${density}`)}`,
      run: () => preferences.set({ density }),
    });
  out.push({ id: "leave", text: t("signIn.leave"), run: () => void session.leave() });
  return out;
}

/** Those whose words are all in it, in order. */
export function fitting(commands: readonly Command[], words: string): Command[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ text }) => wanted.every((word) => text.toLowerCase().includes(word)));
}
