import { ListPage } from "../../table/ListPage.tsx";
import { useTexts } from "../../texts/texts.ts";
import { hostColumns } from "./columns.tsx";
import { AddHostButton } from "./HostActionBar.tsx";

/** All hosts, or those that fit a filter. */
export default function HostList() {
  const { t } = useTexts();
  return (
    <ListPage
      kind="host"
      title={t("objects.lists.host")}
      columns={hostColumns}
      emptyText={t("objects.none.host")}
      actions={<AddHostButton />}
      emptyAction={<AddHostButton />}
    />
  );
}
