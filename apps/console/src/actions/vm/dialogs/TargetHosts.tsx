import { quoteName } from "@polyvisor/api/client";
import type { Host, Vm } from "@polyvisor/model";
import { Radio } from "@patternfly/react-core/dist/esm/components/Radio";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { TextField } from "../../../forms/TextField.tsx";
import { useAnswer } from "../../../live/useAnswer.ts";
import { useSettled } from "../../../orders/usePlan.ts";
import { api } from "../../../session/session.ts";
import { useTexts } from "../../../texts/texts.ts";
import { Failure } from "../../../ui/Failure.tsx";
import { failureText } from "../../../ui/failure.ts";
import { inTurns } from "./inTurns.ts";

/** Hosts that are looked at at a time; others are found by their name. */
const shown = 24;

interface Props {
  vms: readonly Vm[];
  copyStorage: boolean;
  chosen: string | undefined;
  choose: (host: string) => void;
}

/** Hosts to move to, each with what the server's own pre-check says of it. */
export function TargetHosts({ vms, copyStorage, chosen, choose }: Props) {
  const { t } = useTexts();
  const [words, setWords] = useState("");
  const name = useSettled(words.trim(), words.trim());
  const hosts = useAnswer("hostList", { query: { limit: shown + 1, sort: "name", ...(name === "" ? {} : { filter: `name ~ ${quoteName(name)}` }) } });
  const from = vms.every((vm) => vm.hostId === vms[0]!.hostId) ? vms[0]!.hostId : undefined;
  const found = hosts.data?.items.filter(({ id }) => id !== from).slice(0, shown);
  const more = (hosts.data?.total ?? 0) - (found?.length ?? 0) - (name === "" && from !== undefined ? 1 : 0);
  return (
    <>
      <TextField label={t("orders.migrate.find")} value={words} onChange={setWords} maxLength={255} />
      {hosts.error !== null && <Failure error={hosts.error} />}
      <fieldset className="pv-targets">
        <legend>{t("orders.migrate.to")}</legend>
        {found?.map((host) => (
          <TargetHost key={host.id} host={host} vms={vms} copyStorage={copyStorage} chosen={chosen === host.id} choose={() => choose(host.id)} />
        ))}
        {found?.length === 0 && <p>{t("orders.migrate.noHost")}</p>}
      </fieldset>
      {more > 0 && <p className="pv-quiet">{t("orders.migrate.moreHosts", { count: more })}</p>}
    </>
  );
}

function TargetHost({ host, vms, copyStorage, chosen, choose }: { host: Host; vms: readonly Vm[]; copyStorage: boolean; chosen: boolean; choose: () => void }) {
  const { t } = useTexts();
  const id = useId();
  const request = { do: "vm.migrate" as const, vms: vms.map((vm) => vm.id), to: host.id, copyStorage };
  const check = useQuery({
    queryKey: ["plan", "migrate", JSON.stringify(request), host.revision, vms.map((vm) => vm.revision).join(" ")],
    queryFn: ({ signal }) => inTurns(() => api.call("planMake", { body: { request }, signal })),
    staleTime: 0,
    gcTime: 0,
  });
  const failure = check.error === null ? undefined : failureText(check.error);
  const cannot = check.data?.steps.filter(({ reasons }) => reasons.some((reason) => reason.startsWith("it cannot be done"))).length ?? 0;
  return (
    <Radio
      id={id}
      name="target-host"
      isChecked={chosen}
      isDisabled={check.data === undefined}
      onChange={choose}
      label={<bdi>{host.name}</bdi>}
      description={
        check.isFetching && check.data === undefined ? (
          <Skeleton width="40%" screenreaderText={t("orders.migrate.checking")} />
        ) : failure ? (
          <span data-blocked={host.name}>
            <bdi>{failure.detail}</bdi> {failure.remedy}
          </span>
        ) : (
          <span data-possible={host.name}>
            {cannot > 0 ? t("orders.migrate.some", { count: vms.length - cannot, all: vms.length }) : t("orders.migrate.possible")}
            {vms.length === 1 && check.data ? ` (${check.data.steps.flatMap(({ reasons }) => reasons).join("; ")})` : ""}
          </span>
        )
      }
    />
  );
}
