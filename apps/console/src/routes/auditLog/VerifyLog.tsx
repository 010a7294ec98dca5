import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useEffect, useRef, useState } from "react";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import type { LogVerdict } from "./verifyLog.ts";

/** Checks the whole log in this browser, which so need not believe the server. */
export function VerifyLog() {
  const { t } = useTexts();
  const [count, setCount] = useState<number>();
  const [verdict, setVerdict] = useState<LogVerdict>();
  const [failure, setFailure] = useState<unknown>();
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const go = async (): Promise<void> => {
    const over = (abort.current = new AbortController());
    setVerdict(undefined);
    setFailure(undefined);
    setCount(0);
    try {
      const { verifyLog } = await import("./verifyLog.ts");
      setVerdict(await verifyLog(over.signal, setCount));
    } catch (error) {
      if (!over.signal.aborted) setFailure(error);
    }
    setCount(undefined);
  };
  return (
    <>
      <Button variant="primary" size="sm" isLoading={count !== undefined} isDisabled={count !== undefined} onClick={() => void go()}>
        {count === undefined ? t("auditLog.verify") : t("auditLog.verifying", { count })}
      </Button>
      {failure !== undefined && <Failure error={failure} />}
      {verdict && (
        <Alert
          className="pv-audit__verdict"
          variant={verdict.ok ? "success" : "danger"}
          isInline
          component="h2"
          title={
            verdict.ok
              ? t("auditLog.good", { count: verdict.entries, first: verdict.first ?? 0, last: verdict.last ?? 0 })
              : t("auditLog.bad", { count: verdict.faults.length })
          }
        >
          <p>{verdict.signatures ? t("auditLog.signed", { count: verdict.checkpoints }) : t("auditLog.notSigned")}</p>
          {verdict.keys.map((key) => (
            <p key={key}>
              {t("auditLog.key")} <code>{key}</code>
            </p>
          ))}
          {!verdict.ok && (
            <ul>
              {verdict.faults.map((fault, i) => (
                <li key={i}>
                  <strong>{fault.at}</strong>: {fault.what}
                </li>
              ))}
            </ul>
          )}
          <p>{t("auditLog.limit")}</p>
        </Alert>
      )}
    </>
  );
}
