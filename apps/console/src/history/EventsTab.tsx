import "./history.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import type { HistoryChange } from "@polyvisor/api";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { EstateKind } from "../live/liveObject.ts";
import { queries } from "../live/queries.ts";
import { objectPath } from "../routes/links.ts";
import { api } from "../session/session.ts";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Failure } from "../ui/Failure.tsx";
import { dateText, fullDateText } from "../ui/times.ts";
import { ChangeFacts } from "./ChangeFacts.tsx";
import { ChangeParts } from "./ChangeParts.tsx";

const page = 50;
/** Milliseconds between two readings, however often the object changes. */
const restMs = 1_000;

/** Everything that became of an object: what changed, by whom, from where, before and after. */
export default function EventsTab({ object: { kind, id, revision } }: { object: { kind: EstateKind; id: string; revision: number } }) {
  const { t } = useTexts();
  const key = ["history", kind, id];
  const found = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      api.call(`${kind}History`, { params: { id }, query: { limit: page, ...(pageParam === "" ? {} : { cursor: pageParam }) }, signal }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    staleTime: 0,
  });
  const shown = useRef(revision);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (shown.current === revision || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      shown.current = revision;
      void queries.invalidateQueries({ queryKey: ["history", kind, id] });
    }, restMs);
  }, [revision, kind, id]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const items = found.data?.pages.flatMap((each) => each.items) ?? [];
  return (
    <div className="pv-history">
      {found.error !== null && <Failure error={found.error} retry={() => void found.refetch()} />}
      <ol aria-label={t("events.tab")}>
        {items.map((change) => (
          <Change key={`${change.at} ${change.id}`} change={change} kind={kind} id={id} />
        ))}
      </ol>
      {found.data && items.length === 0 && <p className="pv-quiet">{t("events.none")}</p>}
      {found.hasNextPage && (
        <Button variant="link" isLoading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("events.earlier")}
        </Button>
      )}
      {found.data && !found.hasNextPage && items.at(-1)?.first === true && <p className="pv-quiet">{t("events.begins")}</p>}
    </div>
  );
}

function Change({ change, kind, id }: { change: HistoryChange; kind: EstateKind; id: string }) {
  const { t } = useTexts();
  // As it was right before: a millisecond earlier.
  const before = new Date(Date.parse(change.at) - 1).toISOString();
  return (
    <li className="pv-change" data-type={change.type}>
      <header>
        <time dateTime={change.at} title={fullDateText(change.at)}>
          {dateText(change.at)}
        </time>
        <strong>{change.cause ?? t(`events.types.${change.type}`)}</strong>
        <span className="pv-change__links">
          {change.type !== "created" && <ConsoleLink to={`${objectPath(kind, id, "summary")}?at=${before}`}>{t("events.asBefore")}</ConsoleLink>}
        </span>
      </header>
      <p className="pv-quiet">
        <ChangeFacts {...change} />
      </p>
      <ChangeParts changes={change.changes} />
    </li>
  );
}
