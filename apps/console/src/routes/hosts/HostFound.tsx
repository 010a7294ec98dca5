import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import type { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";

/** What a trial found. */
export type Found = Awaited<ReturnType<typeof api.call<"hostTest">>>;

/** What would appear when the host is added. */
export function HostFound({ found }: { found: Found }) {
  const { t } = useTexts();
  const lacking = Object.entries(found.features).flatMap(([name, feature]) => (feature.supported ? [] : [[name, feature.reason] as const]));
  return (
    <Alert variant="success" component="p" isInline title={t("addHost.found", { hostname: found.hostname, hypervisor: found.hypervisor })} role="status">
      <p>{t("addHost.foundVms", { count: found.vms })}</p>
      {lacking.length > 0 && (
        <details>
          <summary>{t("objects.lacking", { count: lacking.length })}</summary>
          <ul className="pv-parts">
            {lacking.map(([name, reason]) => (
              <li key={name}>
                <strong>{name}</strong>
                <span>{reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Alert>
  );
}
