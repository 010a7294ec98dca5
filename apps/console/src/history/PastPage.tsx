import "./history.css";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, type ComponentType } from "react";
import type { EstateKind, LiveObjects } from "../live/liveObject.ts";
import type { Tab } from "../objects/tab.ts";
import { folderOf, objectPath } from "../routes/links.ts";
import { useSearchState } from "../routes/useSearchState.ts";
import { api } from "../session/session.ts";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Failure } from "../ui/Failure.tsx";
import { Name } from "../ui/Name.tsx";
import { dateText } from "../ui/times.ts";
import { PastBar } from "./PastBar.tsx";
import { patient } from "../session/patient.ts";

interface Props<K extends EstateKind> {
  kind: K;
  id: string;
  at: string;
  /** The tab that says what the object is. */
  summary: Tab<K>;
}

/** An object as it was: its summary with nothing that could be pressed, under a bar and on a ground that nothing present has. */
export default function PastPage<K extends EstateKind>({ kind, id, at, summary }: Props<K>) {
  const { t } = useTexts();
  const [, setSearch] = useSearchState();
  const found = useQuery({
    queryKey: ["past", kind, id, at],
    queryFn: ({ signal }) => api.call(`${kind as EstateKind}Get`, { params: { id }, query: { at }, signal }) as Promise<LiveObjects[K]>,
  });
  const object = found.data;
  const Body = useMemo(() => lazy(patient(summary.load as never)), [summary]) as unknown as ComponentType<{ object: LiveObjects[K] }>;
  return (
    <article className="pv-object pv-past">
      <PastBar at={at} go={(next) => setSearch({ at: next })} />
      <header className="pv-object__head">
        <nav className="pv-crumbs" aria-label={t("shell.crumbs")}>
          <ConsoleLink to={`/${folderOf[kind]}`}>{t(`objects.lists.${kind as EstateKind}`)}</ConsoleLink>
        </nav>
        <div className="pv-object__title">
          <h1>
            <Name>{object?.name ?? id}</Name>
          </h1>
          <span className="pv-past__mark">{t("events.asItWas", { time: dateText(at) })}</span>
          <div className="pv-object__actions">
            <ConsoleLink to={objectPath(kind, id, "events")}>{t("events.itsHistory")}</ConsoleLink>
          </div>
        </div>
      </header>
      <div className="pv-object__body">
        {found.error !== null && <Failure error={found.error} />}
        {found.isPending && <Skeleton width="40%" screenreaderText={t("table.reading")} />}
        {object && (
          <fieldset disabled aria-label={t("events.asItWas", { time: dateText(at) })}>
            <Suspense fallback={<Skeleton />}>
              <Body object={object} />
            </Suspense>
          </fieldset>
        )}
      </div>
    </article>
  );
}
