import type { ReactNode } from "react";
import { useTexts } from "../../../texts/texts.ts";
import { Name } from "../../../ui/Name.tsx";

interface Props {
  name: string;
  facts: readonly string[];
  source: string;
  /** Only now or only from the next start on; both where absent. */
  when?: "now" | "nextStart" | undefined;
  /** What is in its place at the next start. */
  next?: string | undefined;
  children: ReactNode;
}

/** A disk or NIC, and when it is there. */
export function PartRow({ name, facts, source, when, next, children }: Props) {
  const { t } = useTexts();
  return (
    <li data-part={source} data-when={when}>
      <div>
        <strong>
          <Name>{name}</Name>
        </strong>
        {when !== undefined && <span className="pv-tag">{t(when === "now" ? "orders.hardware.onlyNow" : "orders.hardware.onlyNext")}</span>}
        <span className="pv-quiet">{facts.filter(Boolean).join(" · ")}</span>
        <code>{source}</code>
        {next !== undefined && (
          <span>
            <span className="pv-tag">{t("orders.hardware.nextStart")}</span> <code>{next}</code>
          </span>
        )}
      </div>
      <div className="pv-buttons">{children}</div>
    </li>
  );
}
