import ArrowsAltIcon from "@patternfly/react-icons/dist/esm/icons/arrows-alt-icon";
import CameraIcon from "@patternfly/react-icons/dist/esm/icons/camera-icon";
import CloneIcon from "@patternfly/react-icons/dist/esm/icons/clone-icon";
import FolderIcon from "@patternfly/react-icons/dist/esm/icons/folder-icon";
import KeyboardIcon from "@patternfly/react-icons/dist/esm/icons/keyboard-icon";
import PencilAltIcon from "@patternfly/react-icons/dist/esm/icons/pencil-alt-icon";
import PowerOffIcon from "@patternfly/react-icons/dist/esm/icons/power-off-icon";
import TagIcon from "@patternfly/react-icons/dist/esm/icons/tag-icon";
import TrashIcon from "@patternfly/react-icons/dist/esm/icons/trash-icon";
import { t } from "../../texts/texts.ts";
import type { VmAction } from "../vmAction.ts";

/** What changes more of a VM than its state, each with a dialog that shows the plan. */
export const editActions: readonly VmAction[] = [
  {
    id: "sendKeys",
    text: "orders.keys.action",
    verb: "vm.sendKeys",
    permission: "vm.console",
    icon: KeyboardIcon,
    group: "state",
    dialog: () => import("./dialogs/SendKeysDialog.tsx"),
  },
  {
    id: "snapshot",
    text: "orders.snapshot.action",
    verb: "vm.snapshot",
    permission: "vm.snapshot",
    icon: CameraIcon,
    group: "snapshot",
    dialog: () => import("./dialogs/SnapshotDialog.tsx"),
  },
  {
    id: "clone",
    text: "orders.clone.action",
    verb: "vm.clone",
    permission: "vm.create",
    icon: CloneIcon,
    group: "place",
    single: true,
    dialog: () => import("./dialogs/CloneDialog.tsx"),
  },
  {
    id: "migrate",
    text: "orders.migrate.action",
    verb: "vm.migrate",
    permission: "vm.migrate",
    icon: ArrowsAltIcon,
    group: "place",
    dialog: () => import("./dialogs/MigrateDialog.tsx"),
  },
  {
    id: "rename",
    text: "orders.rename.action",
    verb: "vm.rename",
    permission: "vm.edit",
    icon: PencilAltIcon,
    group: "edit",
    single: true,
    dialog: () => import("./dialogs/RenameDialog.tsx"),
  },
  {
    id: "describe",
    text: "orders.describe.action",
    verb: "vm.describe",
    permission: "vm.edit",
    icon: PencilAltIcon,
    group: "edit",
    single: true,
    dialog: () => import("./dialogs/DescribeDialog.tsx"),
  },
  { id: "tags", text: "orders.tags.action", permission: "vm.organise", icon: TagIcon, group: "edit", dialog: () => import("./dialogs/TagsDialog.tsx") },
  {
    id: "folder",
    text: "orders.folder.action",
    permission: "vm.organise",
    icon: FolderIcon,
    group: "edit",
    dialog: () => import("./dialogs/FolderDialog.tsx"),
  },
  {
    id: "autostart",
    text: "orders.autostart.on",
    verb: "vm.setAutostart",
    permission: "vm.edit",
    icon: PowerOffIcon,
    group: "edit",
    against: (vm) => (vm.autostart ? t("orders.autostart.isOn") : undefined),
    request: (vms) => ({ do: "vm.setAutostart", vms, on: true }),
  },
  {
    id: "noAutostart",
    text: "orders.autostart.off",
    verb: "vm.setAutostart",
    permission: "vm.edit",
    icon: PowerOffIcon,
    group: "edit",
    against: (vm) => (vm.autostart ? undefined : t("orders.autostart.isOff")),
    request: (vms) => ({ do: "vm.setAutostart", vms, on: false }),
  },
];

/** What ends a VM. */
export const endActions: readonly VmAction[] = [
  {
    id: "delete",
    text: "orders.delete.action",
    verb: "vm.delete",
    anyState: true,
    permission: "vm.delete",
    icon: TrashIcon,
    group: "end",
    danger: "orders.delete.danger",
    dialog: () => import("./dialogs/DeleteDialog.tsx"),
  },
];
