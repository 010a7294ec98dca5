import { ListPage } from "../../table/ListPage.tsx";
import { useTexts } from "../../texts/texts.ts";
import { vmColumns } from "./columns.tsx";
import { VmBulkBar } from "./VmBulkBar.tsx";

/** All VMs, or those that fit a filter. */
export default function VmList() {
  const { t } = useTexts();
  return (
    <ListPage
      kind="vm"
      title={t("vms.title")}
      columns={vmColumns}
      emptyText={t("vms.none")}
      bulk={(selection, total, filter) => <VmBulkBar selection={selection} total={total} filter={filter} />}
    />
  );
}
