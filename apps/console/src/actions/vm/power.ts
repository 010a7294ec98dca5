import BoltIcon from "@patternfly/react-icons/dist/esm/icons/bolt-icon";
import BellIcon from "@patternfly/react-icons/dist/esm/icons/bell-icon";
import PauseIcon from "@patternfly/react-icons/dist/esm/icons/pause-icon";
import PlayIcon from "@patternfly/react-icons/dist/esm/icons/play-icon";
import PowerOffIcon from "@patternfly/react-icons/dist/esm/icons/power-off-icon";
import RedoIcon from "@patternfly/react-icons/dist/esm/icons/redo-icon";
import SaveIcon from "@patternfly/react-icons/dist/esm/icons/save-icon";
import SyncAltIcon from "@patternfly/react-icons/dist/esm/icons/sync-alt-icon";
import type { VmAction } from "../vmAction.ts";

/** Power and what else only changes the state of a VM. */
export const powerActions: readonly VmAction[] = [
  { id: "start", text: "actions.start", verb: "vm.start", permission: "vm.power", icon: PlayIcon, group: "power", request: (vms) => ({ do: "vm.start", vms }) },
  {
    id: "shutdown",
    text: "actions.shutdown",
    verb: "vm.shutdown",
    permission: "vm.power",
    icon: PowerOffIcon,
    group: "power",
    request: (vms) => ({ do: "vm.shutdown", vms }),
  },
  {
    id: "reboot",
    text: "actions.reboot",
    verb: "vm.reboot",
    permission: "vm.power",
    icon: RedoIcon,
    group: "power",
    request: (vms) => ({ do: "vm.reboot", vms }),
  },
  {
    id: "pause",
    text: "actions.pause",
    verb: "vm.pause",
    permission: "vm.power",
    icon: PauseIcon,
    group: "state",
    request: (vms) => ({ do: "vm.pause", vms }),
  },
  {
    id: "unpause",
    text: "actions.unpause",
    verb: "vm.unpause",
    permission: "vm.power",
    icon: PlayIcon,
    group: "state",
    request: (vms) => ({ do: "vm.unpause", vms }),
  },
  { id: "wake", text: "actions.wake", verb: "vm.wake", permission: "vm.power", icon: BellIcon, group: "state", request: (vms) => ({ do: "vm.wake", vms }) },
  { id: "save", text: "actions.save", verb: "vm.save", permission: "vm.power", icon: SaveIcon, group: "state", request: (vms) => ({ do: "vm.save", vms }) },
  {
    id: "restore",
    text: "actions.restore",
    verb: "vm.restore",
    lifecycle: "restore",
    permission: "vm.power",
    icon: PlayIcon,
    group: "state",
    request: (vms) => ({ do: "vm.restore", vms }),
  },
  {
    id: "reset",
    text: "actions.reset",
    verb: "vm.reset",
    permission: "vm.power",
    icon: SyncAltIcon,
    group: "end",
    danger: "actions.resetDanger",
    request: (vms) => ({ do: "vm.reset", vms }),
  },
  {
    id: "destroy",
    text: "actions.destroy",
    verb: "vm.destroy",
    permission: "vm.power",
    icon: BoltIcon,
    group: "end",
    danger: "actions.destroyDanger",
    request: (vms) => ({ do: "vm.destroy", vms }),
  },
];
