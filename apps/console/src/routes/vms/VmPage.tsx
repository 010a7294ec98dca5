import { ObjectPage } from "../../objects/ObjectPage.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { LastSeen } from "../hosts/LastSeen.tsx";
import { vmTabs } from "./tabs/tabs.ts";
import { VmActionBar } from "./VmActionBar.tsx";

/** One VM. */
export default function VmPage() {
  return (
    <ObjectPage
      kind="vm"
      tabs={vmTabs}
      mark={(vm) => <StateMark state={vm.state} bare />}
      actions={(vm) => <VmActionBar vm={vm} key={vm.id} />}
      notice={(vm) => <LastSeen hostId={vm.hostId} />}
    />
  );
}
