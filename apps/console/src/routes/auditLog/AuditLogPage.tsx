import "./auditLog.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { routeUrl } from "@polyvisor/api/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { localInput } from "../../history/pastTime.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import { useTitle } from "../../ui/useTitle.ts";
import { useSearchState } from "../useSearchState.ts";
import { AuditEntryLine } from "./AuditEntryLine.tsx";
import { VerifyLog } from "./VerifyLog.tsx";

const outcomes = ["done", "refused", "failed"] as const;
const page = 100;

/** Who did what, when, from where; that nothing of it was changed can be checked here. */
export default function AuditLogPage() {
  const { t } = useTexts();
  const [search, setSearch] = useSearchState();
  useTitle(t("auditLog.title"));
  const outcome = outcomes.find((each) => each === search["outcome"]);
  const query: Record<string, string> = outcome ? { outcome } : {};
  for (const name of ["by", "action", "object"] as const) if (search[name]) query[name] = search[name];
  for (const name of ["from", "to"] as const) if (search[name] && !Number.isNaN(Date.parse(search[name]))) query[name] = new Date(search[name]).toISOString();
  const found = useInfiniteQuery({
    queryKey: ["auditLog", query],
    queryFn: ({ pageParam, signal }) =>
      api.call("auditLogList", { query: { ...query, limit: page, ...(pageParam === "" ? {} : { cursor: pageParam }) }, signal }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    staleTime: 0,
  });
  const lines = found.data?.pages.flatMap((each) => each.items) ?? [];
  return (
    <section className="pv-list">
      <header className="pv-list__head">
        <h1>{t("auditLog.title")}</h1>
        <span className="pv-count" />
        <Button size="sm" variant="secondary" isLoading={found.isFetching} onClick={() => void found.refetch()}>
          {t("auditLog.readAnew")}
        </Button>
        <Button size="sm" variant="secondary" component="a" href={routeUrl("auditLogExport")} download="polyvisor-audit-log.jsonl">
          {t("auditLog.export")}
        </Button>
      </header>
      <div className="pv-audit__verify">
        <p className="pv-quiet">{t("auditLog.what")}</p>
        <VerifyLog />
      </div>
      <div className="pv-audit__tools">
        {(["by", "action", "object"] as const).map((name) => (
          <label key={name}>
            {t(`auditLog.filter.${name}`)}{" "}
            <input
              key={search[name] ?? ""}
              defaultValue={search[name] ?? ""}
              size={14}
              onBlur={(event) => event.target.value.trim() !== (search[name] ?? "") && setSearch({ [name]: event.target.value.trim() || undefined })}
              onKeyDown={(event) => event.key === "Enter" && setSearch({ [name]: event.currentTarget.value.trim() || undefined })}
            />
          </label>
        ))}
        <label>
          {t("auditLog.filter.outcome")}{" "}
          <select value={outcome ?? ""} onChange={(event) => setSearch({ outcome: event.target.value || undefined })}>
            <option value="">{t("tasks.anyState")}</option>
            {outcomes.map((each) => (
              <option key={each} value={each}>
                {t(`auditLog.outcomes.${each}`)}
              </option>
            ))}
          </select>
        </label>
        {(["from", "to"] as const).map((name) => (
          <label key={name}>
            {t(`events.filter.${name}`)}{" "}
            <input
              type="datetime-local"
              step={1}
              value={query[name] === undefined ? "" : localInput(query[name])}
              onChange={(event) => setSearch({ [name]: event.target.value === "" ? undefined : new Date(event.target.value).toISOString() }, true)}
            />
          </label>
        ))}
      </div>
      {found.error !== null && <Failure error={found.error} retry={() => void found.refetch()} />}
      <div className="pv-audit__scroller" tabIndex={0} role="region" aria-label={t("auditLog.title")}>
        <ol>
          {lines.map((line) => (
            <AuditEntryLine key={line.entry.seq} line={line} />
          ))}
        </ol>
        {found.data && lines.length === 0 && <p className="pv-quiet">{t("auditLog.none")}</p>}
        {found.hasNextPage && (
          <Button variant="link" isLoading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t("events.earlier")}
          </Button>
        )}
      </div>
    </section>
  );
}
