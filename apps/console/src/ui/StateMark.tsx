import type { VmState } from "@polyvisor/model/tables";
import { useTexts } from "../texts/texts.ts";

/** How a state looks: a shape and a colour, so that neither alone has to be told apart. */
const looks: Readonly<Record<VmState, string>> = {
  running: "run",
  blocked: "run",
  paused: "pause",
  suspended: "pause",
  shuttingDown: "change",
  crashed: "fail",
  saved: "rest",
  off: "off",
  unknown: "doubt",
};

/** State of a VM: a mark and its word. */
export function StateMark({ state, bare = false }: { state: VmState; bare?: boolean }) {
  const { t } = useTexts();
  const name = t(`states.${state}.name`);
  return (
    <span className="pv-state" data-look={looks[state]} title={bare ? name : t(`states.${state}.means`)}>
      <span className="pv-state__mark" {...(bare ? { role: "img", "aria-label": name } : { "aria-hidden": true })} />
      {!bare && name}
    </span>
  );
}

/** State of a host's connection. */
export function ConnectionMark({ state, bare = false }: { state: "connecting" | "connected" | "lost" | "disabled"; bare?: boolean }) {
  const { t } = useTexts();
  const name = t(`states.connection.${state}`);
  const look = { connected: "run", connecting: "change", lost: "fail", disabled: "off" }[state];
  return (
    <span className="pv-state" data-look={look} title={name}>
      <span className="pv-state__mark" {...(bare ? { role: "img", "aria-label": name } : { "aria-hidden": true })} />
      {!bare && name}
    </span>
  );
}

/** Whether a datastore or network is started. */
export function ActivityMark({ active, bare = false }: { active: boolean; bare?: boolean }) {
  const { t } = useTexts();
  const name = active ? t("states.active") : t("states.inactive");
  return (
    <span className="pv-state" data-look={active ? "run" : "off"} title={name}>
      <span className="pv-state__mark" {...(bare ? { role: "img", "aria-label": name } : { "aria-hidden": true })} />
      {!bare && name}
    </span>
  );
}
