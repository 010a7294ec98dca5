import { ObjectPage } from "../../objects/ObjectPage.tsx";
import { ActivityMark } from "../../ui/StateMark.tsx";
import { LastSeen } from "../hosts/LastSeen.tsx";
import { datastoreTabs } from "./tabs/tabs.ts";

/** One datastore. */
export default function DatastorePage() {
  return (
    <ObjectPage
      kind="datastore"
      tabs={datastoreTabs}
      mark={({ active }) => <ActivityMark active={active} bare />}
      notice={({ hostId }) => <LastSeen hostId={hostId} />}
    />
  );
}
