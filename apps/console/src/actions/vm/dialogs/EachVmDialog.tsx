import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import type { Vm } from "@polyvisor/model";
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { live } from "../../../live/live.ts";
import { useTexts } from "../../../texts/texts.ts";
import { failureText } from "../../../ui/failure.ts";

/** VMs that are changed at a time. */
const atOnce = 4;

interface Props {
  title: string;
  go: string;
  vms: readonly Vm[];
  /** Changes one VM, given as it is at that moment. */
  change: (vm: Vm) => Promise<unknown>;
  close: () => void;
  children: ReactNode;
  blocked?: boolean;
}

interface Result {
  vm: Vm;
  error?: unknown;
}

/** Changes what Polyvisor keeps of VMs, one by one: what succeeded, what failed and why, and a way to do the failed again. */
export function EachVmDialog({ title, go, vms, change, close, children, blocked = false }: Props) {
  const { t } = useTexts();
  const id = useId();
  const [results, setResults] = useState<readonly Result[]>([]);
  const [busy, setBusy] = useState(false);
  const opener = useRef(document.activeElement as HTMLElement | null);
  useEffect(() => {
    const back = opener.current;
    return () => void requestAnimationFrame(() => (back?.isConnected === true ? back : document.getElementById("content"))?.focus());
  }, []);
  const failed = results.filter(({ error }) => error !== undefined);
  const run = async (targets: readonly Vm[]): Promise<void> => {
    setBusy(true);
    const done: Result[] = [];
    let next = 0;
    await Promise.all(
      Array.from({ length: Math.min(atOnce, targets.length) }, async () => {
        for (let vm = targets[next++]; vm !== undefined; vm = targets[next++]) {
          const one = vm;
          await change(live.object<"vm">(one.id) ?? one).then(
            () => done.push({ vm: one }),
            (error: unknown) => done.push({ vm: one, error }),
          );
        }
      }),
    );
    setBusy(false);
    if (done.every(({ error }) => error === undefined)) return close();
    const again = new Set(targets.map((vm) => vm.id));
    setResults((before) => [...done, ...before.filter(({ vm }) => !again.has(vm.id))]);
  };
  const over = results.length > 0;
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby={id}>
      <ModalHeader
        title={title}
        labelId={id}
        {...(over ? { description: t("orders.each.counts", { done: results.length - failed.length, failed: failed.length }) } : {})}
      />
      <ModalBody tabIndex={0} aria-labelledby={id}>
        {over ? (
          <ul className="pv-results">
            {failed.map(({ vm, error }) => {
              const { detail, remedy } = failureText(error);
              return (
                <li key={vm.id} data-state="failed">
                  <strong>
                    <bdi>{vm.name}</bdi>
                  </strong>
                  <span>{t("states.step.failed")}</span>
                  <p>
                    {detail} {remedy}
                  </p>
                </li>
              );
            })}
          </ul>
        ) : (
          children
        )}
      </ModalBody>
      <ModalFooter>
        <Button onClick={() => void run(over ? failed.map(({ vm }) => vm) : vms)} isLoading={busy} isDisabled={busy || blocked}>
          {over ? t("actions.retryFailed") : go}
        </Button>
        <Button variant="link" onClick={close}>
          {over ? t("shell.close") : t("shell.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
