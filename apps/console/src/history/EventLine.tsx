import { useQuery } from "@tanstack/react-query";
import { memo } from "react";
import type { EventHead } from "../live/liveObject.ts";
import { objectPath } from "../routes/links.ts";
import { api } from "../session/session.ts";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Failure } from "../ui/Failure.tsx";
import { Name } from "../ui/Name.tsx";
import { dateText, fullDateText } from "../ui/times.ts";
import { ChangeFacts } from "./ChangeFacts.tsx";
import { ChangeParts } from "./ChangeParts.tsx";
import { fieldText } from "./valueText.ts";

/** Ids of events are numbers for who sees everything; only those lead to what was before and after. */
const isNumber = /^\d{1,15}$/;

/** One event; opened it says what it means, and what was before and after. */
export const EventLine = memo(function EventLine({ event, open, toggle }: { event: EventHead; open: boolean; toggle: () => void }) {
  const { t, has } = useTexts();
  const fields = event.fields.filter((each) => each !== "stateSince" && each !== "revision");
  const what = event.cause ?? t(`events.types.${event.type as "changed"}`);
  return (
    <li className="pv-event" data-type={event.type}>
      <button type="button" aria-expanded={open} onClick={toggle}>
        <time dateTime={event.at} title={fullDateText(event.at)}>
          {dateText(event.at)}
        </time>
        <span className="pv-quiet">{event.kind === "task" ? t("tasks.one") : t(`objects.kinds.${event.kind}`)}</span>
        <Name>{event.name ?? event.objectId}</Name>
        <span>{what}</span>
        <span className="pv-quiet">{event.by === undefined ? "" : <Name>{event.by}</Name>}</span>
      </button>
      {open && (
        <div className="pv-event__more">
          <p>{t(`events.means.${event.type as "changed"}`, { fields: fields.map((each) => fieldText([each], has)).join(", ") || t("events.nothing") })}</p>
          <p className="pv-quiet">
            <ChangeFacts by={event.by} origin={event.origin} taskId={event.kind === "task" ? undefined : event.taskId} />
            {" · "}
            <ConsoleLink to={event.kind === "task" ? `/tasks/${event.objectId}` : objectPath(event.kind, event.objectId)}>{t("events.toObject")}</ConsoleLink>
          </p>
          {event.kind !== "task" && isNumber.test(event.id) && <Details event={event} />}
        </div>
      )}
    </li>
  );
});

function Details({ event }: { event: EventHead }) {
  const kind = event.kind as Exclude<EventHead["kind"], "task">;
  const found = useQuery({
    queryKey: ["event", event.id],
    // The history's page that begins with this very event.
    queryFn: ({ signal }) => api.call(`${kind}History`, { params: { id: event.objectId }, query: { limit: 1, cursor: String(BigInt(event.id) + 1n) }, signal }),
  });
  if (found.error !== null) return <Failure error={found.error} />;
  const change = found.data?.items[0];
  return change?.id === event.id ? <ChangeParts changes={change.changes} /> : null;
}
