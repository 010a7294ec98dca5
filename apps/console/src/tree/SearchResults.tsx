import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { api } from "../session/session.ts";
import { objectPath, useTab } from "../routes/links.ts";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Failure } from "../ui/Failure.tsx";
import { Name } from "../ui/Name.tsx";
import { estateKinds } from "../live/liveObject.ts";

/** Objects of all kinds by words in their names, tags and addresses. */
export function useSearch(words: string, limit: number) {
  const q = useDeferredValue(words);
  return useQuery({
    queryKey: ["search", q, limit],
    queryFn: ({ signal }) => api.call("search", { query: { q, limit }, signal }),
    enabled: q !== "",
    placeholderData: keepPreviousData,
    // What is found is of this moment only.
    staleTime: 2_000,
    gcTime: 10_000,
  });
}

/** What the search of the tree found. */
export function SearchResults({ words }: { words: string }) {
  const { t } = useTexts();
  const tab = useTab();
  const { data, error } = useSearch(words, 30);
  if (error) return <Failure error={error} />;
  return (
    <div className="pv-tree__scroller pv-tree__found" role="status">
      {data?.items.length === 0 && <p className="pv-quiet">{t("tree.nothing")}</p>}
      {estateKinds.map((kind) => {
        const items = data?.items.filter((each) => each.kind === kind) ?? [];
        if (items.length === 0) return null;
        return (
          <section key={kind} aria-label={t(`objects.lists.${kind}`)}>
            <h2>
              {t(`objects.lists.${kind}`)} <span className="pv-quiet">{data?.totals[kind]}</span>
            </h2>
            <ul>
              {items.map((item) => (
                <li key={item.id}>
                  <ConsoleLink to={objectPath(kind, item.id, tab)}>
                    <Name>{item.name}</Name>
                    {item.host !== undefined && <span className="pv-quiet"> {item.host}</span>}
                  </ConsoleLink>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}
