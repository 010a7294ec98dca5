import type { Vm } from "@polyvisor/model";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { Name } from "../../ui/Name.tsx";
import { objectPath } from "../links.ts";

/** A VM's name, which leads to its page. */
export const VmLink = ({ vm }: { vm: Vm }) => (
  <ConsoleLink to={objectPath("vm", vm.id)} title={vm.title ? `${vm.name} (${vm.title})` : vm.name} tabIndex={-1}>
    <Name>{vm.name}</Name>
  </ConsoleLink>
);
