import "../../history/history.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { useEffect, useMemo, useRef, useState } from "react";
import { EventFeed, eventKinds, eventTypes, type EventQuery } from "../../history/eventFeed.ts";
import { EventLine } from "../../history/EventLine.tsx";
import { localInput } from "../../history/pastTime.ts";
import { useEventFeed } from "../../history/useEventFeed.ts";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import { useTitle } from "../../ui/useTitle.ts";
import { useSearchState } from "../useSearchState.ts";

/** Pixels from the top within which new events come in by themselves. */
const nearTop = 24;

const one = <T extends string>(all: readonly T[], text: string | undefined): T | undefined => all.find((each) => each === text);
const time = (text: string | undefined): string | undefined =>
  text !== undefined && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined;

/** What happens at the whole site, as it happens, and what happened before. */
export default function EventsPage() {
  const { t } = useTexts();
  const [search, setSearch] = useSearchState();
  const kind = one(eventKinds, search["kind"]);
  const type = one(eventTypes, search["type"]);
  const { by, field } = search;
  const [from, to] = [time(search["from"]), time(search["to"])];
  const query = useMemo((): EventQuery => ({ kind, type, by: by || undefined, field: field || undefined, from, to }), [kind, type, by, field, from, to]);
  const feed = useEventFeed(useMemo(() => new EventFeed(query), [query]));
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<string>();
  useTitle(t("events.title"));

  // Who reads further down is not moved under: what comes waits above.
  const look = (): void => {
    const element = scroller.current!;
    feed.hold(element.scrollTop > nearTop || open !== undefined);
    if (element.scrollTop + element.clientHeight * 2 > element.scrollHeight) feed.more();
  };
  useEffect(() => feed.hold((scroller.current?.scrollTop ?? 0) > nearTop || open !== undefined), [feed, open]);
  const release = (): void => {
    setOpen(undefined);
    feed.hold(false);
    scroller.current!.scrollTop = 0;
  };
  const input = (name: "by" | "field"): React.ReactNode => (
    <label>
      {t(`events.filter.${name}`)}{" "}
      <input
        key={search[name] ?? ""}
        defaultValue={search[name] ?? ""}
        size={12}
        onBlur={(event) => event.target.value.trim() !== (search[name] ?? "") && setSearch({ [name]: event.target.value.trim() || undefined })}
        onKeyDown={(event) => event.key === "Enter" && setSearch({ [name]: event.currentTarget.value.trim() || undefined })}
      />
    </label>
  );
  return (
    <section className="pv-list">
      <header className="pv-list__head">
        <h1>{t("events.title")}</h1>
        <span className="pv-count" role="status">
          {feed.held ? t("events.held", { count: feed.waiting }) : t("events.live")}
        </span>
      </header>
      <div className="pv-events__tools">
        <label>
          {t("events.filter.kind")}{" "}
          <select value={kind ?? ""} onChange={(event) => setSearch({ kind: event.target.value || undefined })}>
            <option value="">{t("tasks.anyState")}</option>
            {eventKinds.map((each) => (
              <option key={each} value={each}>
                {each === "task" ? t("tasks.one") : t(`objects.kinds.${each}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("events.filter.type")}{" "}
          <select value={type ?? ""} onChange={(event) => setSearch({ type: event.target.value || undefined })}>
            <option value="">{t("tasks.anyState")}</option>
            {eventTypes.map((each) => (
              <option key={each} value={each}>
                {t(`events.types.${each}`)}
              </option>
            ))}
          </select>
        </label>
        {input("by")}
        {input("field")}
        {(["from", "to"] as const).map((name) => (
          <label key={name}>
            {t(`events.filter.${name}`)}{" "}
            <input
              type="datetime-local"
              step={1}
              value={search[name] !== undefined && time(search[name]) ? localInput(time(search[name])!) : ""}
              onChange={(event) => setSearch({ [name]: event.target.value === "" ? undefined : new Date(event.target.value).toISOString() }, true)}
            />
          </label>
        ))}
      </div>
      {feed.error !== undefined && <Failure error={feed.error} retry={feed.retry} />}
      <div ref={scroller} className="pv-events__scroller" tabIndex={0} role="region" aria-label={t("events.title")} onScroll={look}>
        {feed.waiting > 0 && (
          <div className="pv-events__waiting">
            <Button size="sm" variant="primary" onClick={release}>
              {t("events.showNew", { count: feed.waiting })}
            </Button>
          </div>
        )}
        <ol>
          {feed.events.map((event) => (
            <EventLine key={event.id} event={event} open={open === event.id} toggle={() => setOpen(open === event.id ? undefined : event.id)} />
          ))}
        </ol>
        {feed.loaded && feed.events.length === 0 && (
          <EmptyState titleText={t("events.none")} headingLevel="h2" variant="sm">
            <EmptyStateBody>{t("events.noneHint")}</EmptyStateBody>
          </EmptyState>
        )}
        {feed.goesOn && (
          <Button variant="link" onClick={() => feed.more()}>
            {t("events.earlier")}
          </Button>
        )}
      </div>
    </section>
  );
}
