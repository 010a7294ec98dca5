import { ListPage } from "../../table/ListPage.tsx";
import { useTexts } from "../../texts/texts.ts";
import { networkColumns } from "./columns.tsx";

/** All networks, or those that fit a filter. */
export default function NetworkList() {
  const { t } = useTexts();
  return <ListPage kind="network" title={t("objects.lists.network")} columns={networkColumns} emptyText={t("objects.none.network")} />;
}
