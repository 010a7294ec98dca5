import "./pastLink.css";
import HistoryIcon from "@patternfly/react-icons/dist/esm/icons/history-icon";
import { useNavigate } from "@tanstack/react-router";
import type { EstateKind } from "../live/liveObject.ts";
import { objectPath } from "../routes/links.ts";
import { useTexts } from "../texts/texts.ts";
import { yesterday } from "./pastTime.ts";

/** Leads to the object as it was yesterday at this time; any other is chosen there. */
export function PastLink({ kind, id }: { kind: EstateKind; id: string }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  return (
    <button
      type="button"
      className="pv-past-link"
      onClick={() => void navigate({ to: objectPath(kind, id, "summary") as "/", search: { at: yesterday() } as never })}
    >
      <HistoryIcon /> {t("events.asItWasLink")}
    </button>
  );
}
