import { ObjectPage } from "../../objects/ObjectPage.tsx";
import { ActivityMark } from "../../ui/StateMark.tsx";
import { LastSeen } from "../hosts/LastSeen.tsx";
import { networkTabs } from "./tabs/tabs.ts";

/** One network. */
export default function NetworkPage() {
  return (
    <ObjectPage
      kind="network"
      tabs={networkTabs}
      mark={({ active }) => <ActivityMark active={active} bare />}
      notice={({ hostId }) => <LastSeen hostId={hostId} />}
    />
  );
}
