import "../../../orders/orders.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Form } from "@patternfly/react-core/dist/esm/components/Form";
import type { Task } from "@polyvisor/model";
import { useState, type FormEvent } from "react";
import { useTexts } from "../../../texts/texts.ts";
import { useTitle } from "../../../ui/useTitle.ts";
import { useSearchState } from "../../useSearchState.ts";
import { HardwareStep } from "./HardwareStep.tsx";
import { Making } from "./Making.tsx";
import { faultsOf, firstNewVm, steps, type NewVm, type Step } from "./newVm.ts";
import { PlaceStep } from "./PlaceStep.tsx";
import { ReviewStep } from "./ReviewStep.tsx";
import { SourceStep } from "./SourceStep.tsx";

const bodies = { source: SourceStep, hardware: HardwareStep, place: PlaceStep } as const;

/** Makes a VM: what of, with what, where; and before it is done, everything that will be done. */
export default function NewVmPage() {
  const { t } = useTexts();
  const [search, setSearch] = useSearchState();
  const [vm, setVm] = useState<NewVm>({ ...firstNewVm, host: search["host"] ?? "", folder: search["folder"] ?? "" });
  const [tried, setTried] = useState<ReadonlySet<Step>>(new Set());
  const [task, setTask] = useState<Task>();
  const step = steps.find((each) => each === search["step"]) ?? "source";
  useTitle(t("orders.create.title"));
  const faults = faultsOf(vm);
  const faulty = (each: Step): boolean => Object.values(faults).some((fault) => fault.step === each);
  const go = (to: Step): void => setSearch({ step: to === "source" ? undefined : to });
  const next = (event: FormEvent): void => {
    event.preventDefault();
    setTried(new Set([...tried, step]));
    if (!faulty(step)) go(steps[steps.indexOf(step) + 1]!);
  };
  const help = (field: keyof NewVm): string => {
    const fault = faults[field];
    return fault !== undefined && tried.has(fault.step) ? t(fault.text) : "";
  };
  const Body = step === "review" ? undefined : bodies[step];
  if (task !== undefined) return <Making task={task} name={vm.name} back={() => setTask(undefined)} />;
  return (
    <section className="pv-wizard" aria-labelledby="new-vm">
      <h1 id="new-vm">{t("orders.create.title")}</h1>
      <ol className="pv-steps">
        {steps.map((each, i) => (
          <li key={each}>
            <Button
              variant="link"
              isInline
              aria-current={each === step ? "step" : undefined}
              isDisabled={steps.slice(0, i).some(faulty)}
              onClick={() => go(each)}
            >
              {i + 1}. {t(`orders.create.steps.${each}`)}
            </Button>
          </li>
        ))}
      </ol>
      {Body ? (
        <Form onSubmit={next} noValidate>
          <h2>{t(`orders.create.steps.${step}`)}</h2>
          <Body vm={vm} set={(change) => setVm((before) => ({ ...before, ...change }))} help={help} />
          <div className="pv-buttons">
            <Button type="submit">{t("orders.create.next")}</Button>
            {step !== "source" && (
              <Button variant="link" onClick={() => go(steps[steps.indexOf(step) - 1]!)}>
                {t("orders.create.back")}
              </Button>
            )}
          </div>
        </Form>
      ) : (
        <ReviewStep vm={vm} back={() => go("place")} begun={setTask} />
      )}
    </section>
  );
}
