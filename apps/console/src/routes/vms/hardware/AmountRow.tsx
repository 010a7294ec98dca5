import type { ReactNode } from "react";
import { useTexts } from "../../../texts/texts.ts";

interface Amount {
  current: number;
  max: number;
}

/** Memory or processors: now, at most, and at the next start where that is something else. */
export function AmountRow({
  label,
  now,
  next,
  show,
  action,
}: {
  label: string;
  now: Amount;
  next: Amount | undefined;
  show: (n: number) => string;
  action: ReactNode;
}) {
  const { t } = useTexts();
  const differs = next !== undefined && (next.current !== now.current || next.max !== now.max);
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{show(now.current)}</td>
      <td>{show(now.max)}</td>
      <td data-differs={differs}>{differs ? t("vms.upTo", { now: show(next.current), most: show(next.max) }) : t("orders.hardware.same")}</td>
      <td>{action}</td>
    </tr>
  );
}
