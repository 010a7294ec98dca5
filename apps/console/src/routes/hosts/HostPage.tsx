import { ObjectPage } from "../../objects/ObjectPage.tsx";
import { ConnectionMark } from "../../ui/StateMark.tsx";
import { HostActionBar } from "./HostActionBar.tsx";
import { LastSeen } from "./LastSeen.tsx";
import { hostTabs } from "./tabs/tabs.ts";

/** One host. */
export default function HostPage() {
  return (
    <ObjectPage
      kind="host"
      tabs={hostTabs}
      mark={({ connection }) => <ConnectionMark state={connection.state} bare />}
      actions={(host) => <HostActionBar host={host} />}
      notice={({ id }) => <LastSeen hostId={id} />}
    />
  );
}
