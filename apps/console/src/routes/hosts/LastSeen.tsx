import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { useObject } from "../../live/useLive.ts";
import { useTexts } from "../../texts/texts.ts";
import { dateText } from "../../ui/times.ts";

/** Says that something is shown as it was last seen, because its host does not answer. */
export function LastSeen({ hostId }: { hostId: string }) {
  const { t } = useTexts();
  const known = useObject("host", hostId);
  if (known.state !== "here" || known.object.connection.state === "connected") return null;
  const { name, connection } = known.object;
  return (
    <Alert
      variant="warning"
      component="p"
      isInline
      title={
        connection.lastSeen === undefined
          ? t("objects.neverSeen", { host: name, state: t(`states.connection.${connection.state}`) })
          : t("objects.lastSeen", { host: name, state: t(`states.connection.${connection.state}`), time: dateText(connection.lastSeen) })
      }
    >
      {connection.failure && `${connection.failure.detail}. ${connection.failure.remedy}`}
    </Alert>
  );
}
