import { usePermissions } from "../../actions/usePermissions.ts";
import { ListPage } from "../../table/ListPage.tsx";
import { useTexts } from "../../texts/texts.ts";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { vmColumns } from "./columns.tsx";
import { VmBulkBar } from "./VmBulkBar.tsx";

/** All VMs, or those that fit a filter. */
export default function VmList() {
  const { t } = useTexts();
  const may = usePermissions(undefined)?.includes("vm.create") ?? true;
  const create = may ? (
    <ConsoleLink to="/vms/new" className="pf-v6-c-button pf-m-primary pf-m-small">
      {t("orders.create.action")}
    </ConsoleLink>
  ) : undefined;
  return (
    <ListPage
      kind="vm"
      title={t("vms.title")}
      columns={vmColumns}
      emptyText={t("vms.none")}
      emptyAction={create}
      actions={create}
      bulk={(selection, total, filter) => <VmBulkBar selection={selection} total={total} filter={filter} />}
    />
  );
}
