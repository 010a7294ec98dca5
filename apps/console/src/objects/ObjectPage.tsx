import { EmptyState, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { PastLink } from "../history/PastLink.tsx";
import { pastTime } from "../history/pastTime.ts";
import type { EstateKind, LiveObjects } from "../live/liveObject.ts";
import { live } from "../live/live.ts";
import { useObject } from "../live/useLive.ts";
import { folderOf, objectPath } from "../routes/links.ts";
import { useSearchState } from "../routes/useSearchState.ts";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Failure } from "../ui/Failure.tsx";
import { HostName } from "../ui/HostName.tsx";
import { Name } from "../ui/Name.tsx";
import { dateText } from "../ui/times.ts";
import { useTitle } from "../ui/useTitle.ts";
import type { Tab } from "./tab.ts";
import { patient } from "../session/patient.ts";

const PastPage = lazy(patient(() => import("../history/PastPage.tsx"))) as unknown as typeof import("../history/PastPage.tsx").default;

interface Props<K extends EstateKind> {
  kind: K;
  tabs: readonly Tab<K>[];
  /** Its state, before its name. */
  mark: (object: LiveObjects[K]) => ReactNode;
  actions?: (object: LiveObjects[K]) => ReactNode;
  /** Under the name: what everybody who looks at any tab should know. */
  notice?: (object: LiveObjects[K]) => ReactNode;
}

/** The page of one object: where it is, what it is called, what can be done, and its tabs. */
export function ObjectPage<K extends EstateKind>({ kind, tabs, mark, actions, notice }: Props<K>) {
  const { t } = useTexts();
  const { id, tab } = useParams({ strict: false }) as { id: string; tab?: string };
  const known = useObject(kind, id);
  const object = known.state === "here" ? known.object : known.state === "gone" ? known.last : undefined;
  const at = pastTime(useSearchState()[0]["at"]);
  const name = object?.name ?? t(`objects.kinds.${kind as EstateKind}`);
  useTitle(at === undefined ? name : `${name} (${dateText(at)})`);
  if (at !== undefined)
    return (
      <Suspense fallback={<Skeleton />}>
        <PastPage key={`${kind} ${id}`} kind={kind} id={id} at={at} summary={tabs[0]!} />
      </Suspense>
    );
  if (known.state === "failed")
    return (
      <div className="pv-alone">
        <Failure error={known.error} retry={() => live.reload(kind, id)} />
      </div>
    );
  if (known.state === "gone")
    return (
      <EmptyState titleText={object ? t("objects.gone", { name: object.name }) : t("objects.unknown")} headingLevel="h1">
        <EmptyStateBody>{t("objects.goneDetail")}</EmptyStateBody>
        <EmptyStateFooter>
          <ConsoleLink to={`/${folderOf[kind]}`}>{t("objects.toList")}</ConsoleLink>
        </EmptyStateFooter>
      </EmptyState>
    );
  if (object === undefined)
    return (
      <div className="pv-object">
        <Skeleton width="40%" screenreaderText={t("table.reading")} />
      </div>
    );
  const offered = tabs.filter((each) => each.only?.(object) ?? true);
  const present = offered.find((each) => each.id === tab) ?? offered[0]!;
  return (
    <article className="pv-object">
      <header className="pv-object__head">
        <nav className="pv-crumbs" aria-label={t("shell.crumbs")}>
          <ConsoleLink to={`/${folderOf[kind]}`}>{t(`objects.lists.${kind as EstateKind}`)}</ConsoleLink>
          {"hostId" in object && (
            <>
              <span aria-hidden>/</span>
              <HostName id={object.hostId} />
            </>
          )}
        </nav>
        <div className="pv-object__title">
          {mark(object)}
          <h1>
            <Name>{object.name}</Name>
          </h1>
          <div className="pv-object__actions">{actions?.(object)}</div>
        </div>
        {notice?.(object)}
        <nav className="pv-tabs" aria-label={t("objects.tabs")}>
          {offered.map((each) => (
            <ConsoleLink key={each.id} to={objectPath(kind, id, each.id)} {...(each === present ? { "aria-current": "page" } : {})}>
              {t(each.text)}
            </ConsoleLink>
          ))}
          <PastLink kind={kind} id={id} />
        </nav>
      </header>
      <div className="pv-object__body">
        <TabBody key={`${kind} ${present.id}`} tab={present} object={object} />
      </div>
    </article>
  );
}

const loaded = new WeakMap<object, React.LazyExoticComponent<React.ComponentType<{ object: never }>>>();

function TabBody<K extends EstateKind>({ tab, object }: { tab: Tab<K>; object: LiveObjects[K] }) {
  const Body = useMemo(() => {
    const found = loaded.get(tab) ?? lazy(patient(tab.load as never));
    loaded.set(tab, found as never);
    return found as unknown as React.ComponentType<{ object: LiveObjects[K] }>;
  }, [tab]);
  return (
    <Suspense fallback={<Skeleton />}>
      <Body object={object} />
    </Suspense>
  );
}
