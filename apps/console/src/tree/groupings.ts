import { quoteName } from "@polyvisor/api/client";
import { useQuery } from "@tanstack/react-query";
import { api } from "../session/session.ts";
import { listPath } from "../routes/links.ts";
import { useTexts, type TextKey } from "../texts/texts.ts";
import type { Branch } from "./treeModel.ts";

/** Ways to group the tree. */
export const groupings = ["hosts", "folders", "tags", "networks", "datastores"] as const;
export type Grouping = (typeof groupings)[number];
export const groupingTexts: Record<Grouping, TextKey> = {
  hosts: "tree.byHost",
  folders: "tree.byFolder",
  tags: "tree.byTag",
  networks: "tree.byNetwork",
  datastores: "tree.byDatastore",
};

/** Key of the line that is open from the beginning. */
export const rootKey = "root";
const fields = { tags: "tag", networks: "network", datastores: "datastore" } as const;

/** The lines on top of a grouping; what stands below them the tree reads by itself. */
export function useBranches(grouping: Grouping): { branches: readonly Branch[]; error: unknown } {
  const { t } = useTexts();
  const field = grouping in fields ? fields[grouping as keyof typeof fields] : undefined;
  const folders = useQuery({ queryKey: ["folders"], queryFn: async () => (await api.call("folderList")).items, enabled: grouping === "folders" });
  const values = useQuery({
    queryKey: ["filterValues", field],
    queryFn: async () => {
      const text = `${field!} = `;
      const { candidates } = await api.call("filterComplete", { query: { kind: "vm", text, cursor: text.length, limit: 200 } });
      return candidates.filter(({ type }) => type === "value").map((each) => each.text);
    },
    enabled: field !== undefined,
  });
  switch (grouping) {
    case "hosts":
      return { branches: [{ key: rootKey, text: t("tree.site"), icon: "site", to: "/hosts", list: { kind: "host" } }], error: undefined };
    case "folders": {
      const all = folders.data ?? [];
      const below = (parent: string | undefined): Branch[] =>
        all
          .filter((each) => each.parent === parent)
          .map((each) => ({
            key: `folder ${each.id}`,
            text: each.name,
            icon: "folder",
            to: listPath("vm", `folder = ${each.id}`),
            branches: below(each.id),
            list: { kind: "vm", filter: `folder = ${each.id}` },
          }));
      const top: Branch = {
        key: rootKey,
        text: t("tree.site"),
        icon: "site",
        to: "/vms",
        branches: [
          ...below(undefined),
          {
            key: "folder none",
            text: t("tree.noFolder"),
            icon: "none",
            to: listPath("vm", "folder is empty"),
            list: { kind: "vm", filter: "folder is empty" },
          },
        ],
      };
      return { branches: [top], error: folders.error };
    }
    default: {
      const icon = { tags: "tag", networks: "network", datastores: "datastore" }[grouping] as Branch["icon"];
      const branches = (values.data ?? []).map((word): Branch => {
        const filter = `${field!} = ${word}`;
        const text = word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word;
        return { key: filter, text, icon, to: listPath("vm", filter), list: { kind: "vm", filter: `${field!} = ${text === word ? quoteName(word) : word}` } };
      });
      return { branches, error: values.error };
    }
  }
}
