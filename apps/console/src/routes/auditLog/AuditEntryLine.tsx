import type { AuditLine } from "@polyvisor/api";
import { useState } from "react";
import type { EstateKind } from "../../live/liveObject.ts";
import { useTexts } from "../../texts/texts.ts";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { Name } from "../../ui/Name.tsx";
import { dateText, fullDateText } from "../../ui/times.ts";
import { objectPath } from "../links.ts";

/** What an object's id begins with. */
const prefixes: Readonly<Record<string, EstateKind>> = { vm: "vm", h: "host", ds: "datastore", net: "network" };

function About({ id, name }: { id: string | undefined; name: string | undefined }) {
  if (id === undefined) return null;
  const kind = prefixes[id.split("-", 1)[0]!];
  const text = <Name>{name ?? id}</Name>;
  return kind ? <ConsoleLink to={objectPath(kind, id)}>{text}</ConsoleLink> : text;
}

/** One entry of the audit log; opened it shows everything that is hashed. */
export function AuditEntryLine({ line: { entry, hash } }: { line: AuditLine }) {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const verb = entry.details?.["do"];
  return (
    <li className="pv-audit__entry" data-outcome={entry.outcome}>
      <div className="pv-audit__row">
        <button type="button" aria-expanded={open} aria-label={t("auditLog.entry", { seq: entry.seq })} onClick={() => setOpen(!open)}>
          {entry.seq}
        </button>
        <time dateTime={entry.at} title={fullDateText(entry.at)}>
          {dateText(entry.at)}
        </time>
        <span>{entry.by === undefined ? <span className="pv-quiet">{t("auditLog.nobody")}</span> : <Name>{entry.by}</Name>}</span>
        <span>
          <code>{entry.action}</code> {typeof verb === "string" && <code>{verb}</code>}
        </span>
        <span className="pv-audit__outcome">
          {t(`auditLog.outcomes.${entry.outcome}`)}
          {entry.code !== undefined && ` (${entry.code})`}
          {entry.times !== undefined && ` ×${entry.times}`}
        </span>
        <span>
          <About id={entry.object} name={entry.name} />
        </span>
      </div>
      {open && (
        <div className="pv-audit__more">
          <Facts
            facts={[
              [t("auditLog.from"), entry.from],
              [t("auditLog.token"), entry.token],
              [t("auditLog.request"), entry.request],
              [t("auditLog.server"), entry.server],
              [
                t("tasks.one"),
                entry.task && (
                  <ConsoleLink key="task" to={`/tasks/${entry.task}`}>
                    {entry.task}
                  </ConsoleLink>
                ),
              ],
              [t("auditLog.since"), entry.since && dateText(entry.since)],
              [t("auditLog.details"), entry.details && <code key="details">{JSON.stringify(entry.details)}</code>],
              [t("auditLog.hash"), <code key="hash">{hash}</code>],
            ]}
          />
        </div>
      )}
    </li>
  );
}
