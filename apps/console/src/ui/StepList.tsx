import { Label } from "@patternfly/react-core/dist/esm/components/Label";
import { useTexts } from "../texts/texts.ts";

/** Steps of a trial: what worked, what did not, and what to do. */
export function StepList({ steps }: { steps: readonly { what: string; ok: boolean; detail: string; remedy?: string | undefined }[] }) {
  const { t } = useTexts();
  return (
    <ul className="pv-steps">
      {steps.map(({ what, ok, detail, remedy }) => (
        <li key={what}>
          <Label isCompact status={ok ? "success" : "danger"}>
            {ok ? t("administration.yes") : t("administration.no")}
          </Label>
          <span>
            <strong>{what}</strong> <bdi>{detail}</bdi>
          </span>
          {remedy !== undefined && <p>{remedy}</p>}
        </li>
      ))}
    </ul>
  );
}
