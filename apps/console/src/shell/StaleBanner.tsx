import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { useEffect, useState } from "react";
import { useStream } from "../live/useLive.ts";
import { useTexts } from "../texts/texts.ts";
import { timeText } from "../ui/times.ts";

/** A break shorter than this is not worth a word. */
const patienceMs = 1_500;

/** Says since when what is shown may be old. */
export function StaleBanner() {
  const { t } = useTexts();
  const stream = useStream();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (stream.is !== "stale") return setShown(false);
    const timer = setTimeout(() => setShown(true), patienceMs);
    return () => clearTimeout(timer);
  }, [stream.is]);
  if (!shown || stream.is !== "stale") return null;
  return (
    <div className="pv-stale" role="status">
      <Alert variant="warning" isInline title={t("shell.stale", { time: timeText(stream.since) })}>
        {t("shell.staleDetail")}
      </Alert>
    </div>
  );
}
