import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import HistoryIcon from "@patternfly/react-icons/dist/esm/icons/history-icon";
import { useEffect, useId, useState } from "react";
import { useTexts } from "../texts/texts.ts";
import { fullDateText } from "../ui/times.ts";
import { localInput } from "./pastTime.ts";

/** Says that this is the past, and leads to another time and back. */
export function PastBar({ at, go }: { at: string; go: (at: string | undefined) => void }) {
  const { t } = useTexts();
  const id = useId();
  const [text, setText] = useState(localInput(at));
  useEffect(() => setText(localInput(at)), [at]);
  const step = (hours: number): void => {
    const to = Date.parse(at) + hours * 3_600_000;
    go(to >= Date.now() ? undefined : new Date(to).toISOString());
  };
  const set = (): void => {
    const time = Date.parse(text); // without a zone it is the user's
    if (!Number.isNaN(time)) go(new Date(time).toISOString());
  };
  return (
    <div className="pv-past__bar" role="status">
      <HistoryIcon />
      <strong>{t("events.past", { time: fullDateText(at) })}</strong>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          set();
        }}
      >
        <Button size="sm" variant="secondary" onClick={() => step(-24)}>
          {t("events.dayBack")}
        </Button>
        <Button size="sm" variant="secondary" onClick={() => step(-1)}>
          {t("events.hourBack")}
        </Button>
        <label htmlFor={id} className="pv-unseen">
          {t("events.time")}
        </label>
        <input
          id={id}
          type="datetime-local"
          step={1}
          max={localInput(new Date().toISOString())}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button size="sm" variant="secondary" type="submit">
          {t("events.show")}
        </Button>
        <Button size="sm" variant="secondary" onClick={() => step(1)}>
          {t("events.hourOn")}
        </Button>
        <Button size="sm" variant="primary" onClick={() => go(undefined)}>
          {t("events.now")}
        </Button>
      </form>
    </div>
  );
}
