import "./consoles.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { EmptyState, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core/dist/esm/components/EmptyState";
import type { Vm } from "@polyvisor/model";
import { allowed } from "@polyvisor/model/tables";
import { lazy, Suspense, useCallback, useRef, useState } from "react";
import { runVmAction } from "../actions/runVmAction.ts";
import { usePermissions } from "../actions/usePermissions.ts";
import { vmActions } from "../actions/vm/actions.ts";
import { useObject } from "../live/useLive.ts";
import { useSearchState } from "../routes/useSearchState.ts";
import { tellFailure } from "../shell/toasts.ts";
import { useTexts } from "../texts/texts.ts";
import type { LineState } from "./consoleLine.ts";
import { ConsoleNotice } from "./ConsoleNotice.tsx";
import { consolesOf } from "./consolesOf.ts";
import { ConsoleTools } from "./ConsoleTools.tsx";
import type { Screen } from "./screen.ts";
import { patient } from "../session/patient.ts";

const SerialScreen = lazy(patient(() => import("./SerialScreen.tsx")));
const GraphicalScreen = lazy(patient(() => import("./GraphicalScreen.tsx")));
const TypeText = lazy(patient(() => import("./TypeText.tsx")));

/** A VM's consoles: which one stands in the address (`console`), so that a window of its own shows the same. */
export function ConsoleView({ vm, alone = false }: { vm: Vm; alone?: boolean }) {
  const { t } = useTexts();
  const [search, setSearch] = useSearchState();
  const known = useObject("host", vm.hostId);
  const host = known.state === "here" ? known.object : undefined;
  const permissions = usePermissions(vm.id);
  const frame = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<LineState>({ is: "connecting" });
  const [screen, setScreen] = useState<Screen>();
  const [scale, setScale] = useState(true);
  const [typing, setTyping] = useState(false);
  const [wish, setWish] = useState({ count: 0, force: false });
  const connect = useCallback((force: boolean) => setWish(({ count }) => ({ count: count + 1, force })), []);

  const all = consolesOf(vm, host);
  const chosen = all.find(({ alias, reason }) => alias === search["console"] && reason === undefined) ?? all[0];
  const start = vmActions.find(({ id }) => id === "start");
  if (permissions && !permissions.includes("vm.console"))
    return <Nothing title={t("consoles.none")} detail={t("actions.noPermission", { permission: "vm.console" })} />;
  if (!allowed(vm.state, "console").ok)
    return (
      <Nothing title={t("consoles.off")} detail={t("consoles.offDetail", { state: t(`states.${vm.state}.name`) })}>
        {start && allowed(vm.state, "start").ok && <Button onClick={() => tellFailure(runVmAction(start, [vm]))}>{t(start.text)}</Button>}
      </Nothing>
    );
  if (!chosen) return <Nothing title={t("consoles.none")} detail={t("consoles.noneDetail")} />;
  if (chosen.reason !== undefined) return <Nothing title={t("consoles.none")} detail={chosen.reason} />;

  const takePicture = async (): Promise<void> => {
    const url = URL.createObjectURL(await screen!.picture!());
    const link = document.createElement("a");
    link.href = url;
    link.download = `${vm.name.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80)}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  const fullScreen = async (): Promise<void> => {
    if (document.fullscreenElement) return document.exitFullscreen();
    await frame.current!.requestFullscreen();
    // Where a browser can, keys such as Alt-Tab go to the guest then; holding Escape leaves.
    await (navigator as { keyboard?: { lock(): Promise<void> } }).keyboard?.lock().catch(() => undefined);
    screen?.focus();
  };
  const ownWindow = (): void => {
    const query = new URLSearchParams({ console: chosen.alias });
    window.open(`/window/vms/${encodeURIComponent(vm.id)}/console?${query}`, `polyvisor-console-${vm.id}`, "popup,width=1040,height=840");
  };
  const Body = chosen.kind === "graphical" ? GraphicalScreen : SerialScreen;
  const open = state.is === "open" ? screen : undefined;
  return (
    <div ref={frame} className="pv-console" data-line={state.is} data-kind={chosen.kind}>
      <ConsoleTools
        all={all}
        chosen={chosen}
        choose={(alias) => setSearch({ console: alias }, true)}
        screen={open}
        scale={scale}
        setScale={setScale}
        typeText={() => setTyping(true)}
        takePicture={() => tellFailure(takePicture())}
        fullScreen={() => tellFailure(fullScreen())}
        ownWindow={alone ? undefined : ownWindow}
      />
      <div className="pv-console__body">
        <Suspense fallback={null}>
          <Body key={`${vm.id} ${chosen.alias}`} vmId={vm.id} alias={chosen.alias} scale={scale} onState={setState} onScreen={setScreen} wish={wish} />
        </Suspense>
        <ConsoleNotice state={state} connect={connect} />
      </div>
      {typing && open && (
        <Suspense fallback={null}>
          <TypeText screen={open} graphical={chosen.kind === "graphical"} close={() => setTyping(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Nothing({ title, detail, children }: { title: string; detail: string; children?: React.ReactNode }) {
  return (
    <EmptyState titleText={title} headingLevel="h2" variant="sm">
      <EmptyStateBody>{detail}</EmptyStateBody>
      {children && <EmptyStateFooter>{children}</EmptyStateFooter>}
    </EmptyState>
  );
}
