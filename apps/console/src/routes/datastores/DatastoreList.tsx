import { ListPage } from "../../table/ListPage.tsx";
import { useTexts } from "../../texts/texts.ts";
import { datastoreColumns } from "./columns.tsx";

/** All datastores, or those that fit a filter. */
export default function DatastoreList() {
  const { t } = useTexts();
  return <ListPage kind="datastore" title={t("objects.lists.datastore")} columns={datastoreColumns} emptyText={t("objects.none.datastore")} />;
}
