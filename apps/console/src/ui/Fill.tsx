import { locale } from "../texts/texts.ts";

/** How much of something is taken, as a bar and a number. */
export function Fill({ part, whole }: { part: number; whole: number }) {
  if (!(whole > 0)) return null;
  const share = part / whole;
  const text = new Intl.NumberFormat(locale(), { style: "percent" }).format(share);
  return (
    <span className="pv-fill" data-level={share >= 0.95 ? "full" : share >= 0.85 ? "high" : "good"}>
      <span className="pv-fill__bar" aria-hidden>
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      {text}
    </span>
  );
}
