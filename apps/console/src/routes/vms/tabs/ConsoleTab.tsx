import type { Vm } from "@polyvisor/model";
import { ConsoleView } from "../../../consoles/ConsoleView.tsx";

/** The consoles of a VM. */
export default function ConsoleTab({ object: vm }: { object: Vm }) {
  return <ConsoleView key={vm.id} vm={vm} />;
}
