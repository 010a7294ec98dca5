import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { ApiError } from "@polyvisor/api/client";
import { useState } from "react";
import { CheckField } from "../../forms/CheckField.tsx";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import { failureText } from "../../ui/failure.ts";

/** Why a host could not be reached. A key that nobody knows yet can be confirmed after it was compared. */
export function HostFailure({ error, trust }: { error: unknown; trust: (fingerprint: string) => void }) {
  const { t } = useTexts();
  const [compared, setCompared] = useState(false);
  const problem = error instanceof ApiError ? error.problem : undefined;
  if (problem?.code !== "hostKeyUnknown" || problem.fingerprint === undefined) return <Failure error={error} />;
  const { title, detail } = failureText(error);
  const { fingerprint } = problem;
  return (
    <Alert variant="warning" component="p" isInline title={title}>
      <p>{detail}</p>
      <p>{t("addHost.compareKey")}</p>
      <p>
        <code>{"for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done"}</code>
      </p>
      <p>
        <code data-fingerprint>{fingerprint}</code>
      </p>
      <CheckField label={t("addHost.compared")} value={compared} onChange={setCompared} />
      <div className="pv-buttons">
        <Button isDisabled={!compared} onClick={() => trust(fingerprint)}>
          {t("addHost.trust")}
        </Button>
      </div>
    </Alert>
  );
}
