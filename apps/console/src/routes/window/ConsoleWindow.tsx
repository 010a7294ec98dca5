import { useParams } from "@tanstack/react-router";
import { ConsoleView } from "../../consoles/ConsoleView.tsx";
import { useObject } from "../../live/useLive.ts";
import { Toasts } from "../../shell/Toasts.tsx";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import { Name } from "../../ui/Name.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { useTitle } from "../../ui/useTitle.ts";

/** A console in a window of its own, with nothing around it. */
export default function ConsoleWindow() {
  const { t } = useTexts();
  const { id } = useParams({ strict: false }) as { id: string };
  const known = useObject("vm", id);
  const vm = known.state === "here" ? known.object : known.state === "gone" ? known.last : undefined;
  useTitle(vm?.name ?? t("objects.kinds.vm"));
  return (
    <main className="pv-console-window">
      {known.state === "failed" && <Failure error={known.error} />}
      {known.state === "gone" && <h1>{vm ? t("objects.gone", { name: vm.name }) : t("objects.unknown")}</h1>}
      {known.state === "here" && vm && (
        <>
          <header>
            <StateMark state={vm.state} bare />
            <h1>
              <Name>{vm.name}</Name>
            </h1>
          </header>
          <ConsoleView vm={vm} alone />
        </>
      )}
      <Toasts />
    </main>
  );
}
