import { apiBase, type RequestInput } from "@polyvisor/api/client";
import { ExpandableSection } from "@patternfly/react-core/dist/esm/components/ExpandableSection";
import { live } from "../live/live.ts";
import { useTexts } from "../texts/texts.ts";
import { CopyText } from "./CopyText.tsx";
import { cliCommand } from "./cliCommand.ts";

const plain = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** HOST/NAME where both are plain words, which a person reads more easily; else the id. */
function nameOf(ref: string): string {
  const vm = live.object<"vm">(ref);
  if (vm?.kind === "vm") {
    const host = live.object<"host">(vm.hostId);
    return host && plain.test(host.name) && plain.test(vm.name) ? `${host.name}/${vm.name}` : ref;
  }
  const host = live.object<"host">(ref);
  return host?.kind === "host" && plain.test(host.name) ? host.name : ref;
}

/** The same as a command and as a call of the API. `open` shows them at once. */
export function Equivalents({ requests, open = false }: { requests: readonly RequestInput[]; open?: boolean }) {
  const { t } = useTexts();
  const commands = requests.map((request) => cliCommand(request, nameOf));
  const body = (
    <div className="pv-equivalents">
      {commands.some((each) => each !== undefined) && <CopyText label={t("orders.cli")} text={commands.filter((each) => each !== undefined).join("\n")} />}
      {requests.map((request, i) => (
        <CopyText key={i} label={t("orders.api")} text={`POST ${apiBase}/tasks\n${JSON.stringify({ request }, undefined, 2)}`} />
      ))}
    </div>
  );
  return open ? body : <ExpandableSection toggleText={t("orders.equivalents")}>{body}</ExpandableSection>;
}
