import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import type { Host } from "@polyvisor/model";
import { lazy, Suspense, useState } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { live } from "../../live/live.ts";
import { api } from "../../session/session.ts";
import { tellFailure } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";
import { ReasonButton } from "../../ui/ReasonButton.tsx";
import { patient } from "../../session/patient.ts";

const HostDialog = lazy(patient(() => import("./HostDialog.tsx")));

/** What can be done with a host here. Nothing of it touches what runs there. */
export function HostActionBar({ host }: { host: Host }) {
  const { t } = useTexts();
  const permissions = usePermissions(host.id);
  const [dialog, setDialog] = useState<"edit" | "credential" | "disable" | "remove">();
  const { state } = host.connection;
  const lacking =
    permissions !== undefined && !permissions.includes("host.administer") ? t("actions.noPermission", { permission: "host.administer" }) : undefined;
  const notLost =
    state === "connected"
      ? t("hostActions.isConnected")
      : state === "disabled"
        ? t("hostActions.isDisabled")
        : state === "connecting"
          ? t("hostActions.isConnecting")
          : undefined;
  const params = { id: host.id };
  const reconnect = (): void => tellFailure(api.call("hostReconnect", { params }).then((after) => live.put([after])));
  const enable = (): void => tellFailure(api.call("hostChange", { params, body: { enabled: true } }).then((after) => live.put([after])));
  return (
    <>
      <ReasonButton variant="secondary" size="sm" reason={lacking ?? notLost} onClick={reconnect}>
        {t("hostActions.reconnect")}
      </ReasonButton>
      <ReasonButton variant="secondary" size="sm" reason={lacking} onClick={() => setDialog("edit")}>
        {t("shell.edit")}
      </ReasonButton>
      <ReasonButton variant="secondary" size="sm" reason={lacking} onClick={() => setDialog("credential")}>
        {t("hostActions.credential")}
      </ReasonButton>
      {state === "disabled" ? (
        <ReasonButton variant="secondary" size="sm" reason={lacking} onClick={enable}>
          {t("hostActions.enable")}
        </ReasonButton>
      ) : (
        <ReasonButton variant="secondary" size="sm" reason={lacking} onClick={() => setDialog("disable")}>
          {t("hostActions.disable")}
        </ReasonButton>
      )}
      <ReasonButton variant="secondary" size="sm" isDanger reason={lacking} onClick={() => setDialog("remove")}>
        {t("hostActions.remove")}
      </ReasonButton>
      {dialog && (
        <Suspense fallback={null}>
          <HostDialog which={dialog} host={host} close={() => setDialog(undefined)} />
        </Suspense>
      )}
    </>
  );
}

/** Leads to the page that adds a host. */
export function AddHostButton() {
  const { t } = useTexts();
  const permissions = usePermissions(undefined);
  if (permissions === undefined || !permissions.includes("host.administer")) return null;
  return (
    <Button component="a" href="/hosts/add" size="sm" className="pv-list__add">
      {t("addHost.title")}
    </Button>
  );
}
