import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useTexts } from "../texts/texts.ts";
import type { LineState } from "./consoleLine.ts";

/** What stands over a console that shows nothing now: why, and what can be done. */
export function ConsoleNotice({ state, connect }: { state: LineState; connect: (force: boolean) => void }) {
  const { t } = useTexts();
  if (state.is === "open") return null;
  const why = "why" in state && state.why !== "" ? state.why : undefined;
  return (
    <div className="pv-console__notice" role="status" data-state={state.is}>
      <strong>{t(`consoles.state.${state.is}`)}</strong>
      {why !== undefined && <p>{why}</p>}
      {state.is === "held" && <p>{t("consoles.heldHint")}</p>}
      {state.is === "held" && (
        <Button variant="warning" onClick={() => connect(true)}>
          {t("consoles.takeOver")}
        </Button>
      )}
      {(state.is === "refused" || state.is === "held" || state.is === "waiting") && (
        <Button variant="secondary" onClick={() => connect(false)}>
          {t("consoles.connectNow")}
        </Button>
      )}
    </div>
  );
}
