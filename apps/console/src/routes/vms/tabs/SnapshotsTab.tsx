import "../../../orders/orders.css";
import type { Snapshot, Vm } from "@polyvisor/model";
import { useState } from "react";
import { runVmAction } from "../../../actions/runVmAction.ts";
import { vmActionById } from "../../../actions/vm/actions.ts";
import { useReasons } from "../../../actions/useReasons.ts";
import { useTexts } from "../../../texts/texts.ts";
import { Ago } from "../../../ui/Ago.tsx";
import { Name } from "../../../ui/Name.tsx";
import { ReasonButton } from "../../../ui/ReasonButton.tsx";
import { DeleteSnapshotDialog, RevertDialog } from "../SnapshotDialogs.tsx";
import { snapshotTree } from "../snapshotTree.ts";

/** Levels that are drawn further in; deeper ones stay below each other, so that a long chain stays readable. */
const deepest = 12;

/** Snapshots as a tree: take, revert, delete. */
export default function SnapshotsTab({ object: vm }: { object: Vm }) {
  const { t } = useTexts();
  const reasonOf = useReasons(vm);
  const [dialog, setDialog] = useState<{ is: "revert" | "delete"; snapshot: Snapshot; below: number }>();
  const close = (): void => setDialog(undefined);
  const rows = snapshotTree(vm.snapshots);
  return (
    <div className="pv-snapshots">
      <div className="pv-buttons">
        <ReasonButton
          size="sm"
          reason={reasonOf({ verb: "vm.snapshot", permission: "vm.snapshot" })}
          onClick={() => void runVmAction(vmActionById("snapshot")!, [vm])}
        >
          {t("orders.snapshot.action")}
        </ReasonButton>
      </div>
      {rows.length === 0 ? (
        <p className="pv-quiet">{t("orders.snapshot.none")}</p>
      ) : (
        <ul className="pv-snapshot-tree" aria-label={t("fields.snapshots")}>
          {rows.map(({ snapshot, depth, below }) => (
            <li
              key={snapshot.name}
              data-current={snapshot.current}
              data-snapshot={snapshot.name}
              style={{ "--pv-depth": Math.min(depth, deepest) } as object}
              aria-label={t("orders.snapshot.row", { name: snapshot.name, level: depth + 1 })}
            >
              <div>
                <strong>
                  <Name>{snapshot.name}</Name>
                </strong>
                {snapshot.current && <span className="pv-tag">{t("orders.snapshot.current")}</span>}
                <span className="pv-quiet">
                  {snapshot.createdAt !== undefined && <Ago time={snapshot.createdAt} />} {t(`states.${snapshot.state}.name`)},{" "}
                  {snapshot.withMemory ? t("orders.snapshot.withMemory") : t("orders.snapshot.disksOnly")}
                </span>
                {snapshot.description !== undefined && snapshot.description !== "" && <p dir="auto">{snapshot.description}</p>}
              </div>
              <div className="pv-buttons">
                <ReasonButton
                  size="sm"
                  variant="secondary"
                  reason={reasonOf({ verb: "vm.revert", permission: "vm.snapshot" })}
                  aria-label={t("orders.snapshot.revertTo", { name: snapshot.name })}
                  onClick={() => setDialog({ is: "revert", snapshot, below })}
                >
                  {t("orders.snapshot.revert")}
                </ReasonButton>
                <ReasonButton
                  size="sm"
                  variant="secondary"
                  reason={reasonOf({ verb: "vm.deleteSnapshot", permission: "vm.snapshot" })}
                  aria-label={t("orders.snapshot.deleteNamed", { name: snapshot.name })}
                  onClick={() => setDialog({ is: "delete", snapshot, below })}
                >
                  {t("orders.snapshot.delete")}
                </ReasonButton>
              </div>
            </li>
          ))}
        </ul>
      )}
      {dialog?.is === "revert" && <RevertDialog vm={vm} snapshot={dialog.snapshot} close={close} />}
      {dialog?.is === "delete" && <DeleteSnapshotDialog vm={vm} snapshot={dialog.snapshot} below={dialog.below} close={close} />}
    </div>
  );
}
