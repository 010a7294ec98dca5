import "./orders.css";
import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";
import type { PlanState } from "./usePlan.ts";

/** Steps that are written out; further ones are counted. */
const shown = 40;

/** What will be done, step by step with the reasons, and what is lost by it; or what stands against it. */
export function PlanView({ state: { plan, error, reading } }: { state: PlanState }) {
  const { t } = useTexts();
  if (error !== undefined) return <Failure error={error} />;
  if (plan === undefined) return reading ? <Skeleton width="60%" screenreaderText={t("table.reading")} /> : null;
  return (
    <section className="pv-plan" aria-label={t("orders.plan")} aria-busy={reading} data-ready={!reading}>
      <h2>{t("orders.plan")}</h2>
      {plan.warnings.length > 0 && (
        <Alert variant="warning" isInline isPlain component="p" title={t("orders.mind")}>
          <ul>
            {plan.warnings.map((each) => (
              <li key={each}>
                <bdi>{each}</bdi>
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <ol>
        {plan.steps.slice(0, shown).map((step) => (
          <li key={step.n}>
            <strong>
              <bdi>{step.target.name}</bdi>: {t(`orders.verbs.${step.action.verb}`)}
            </strong>
            {step.reasons.length > 0 && (
              <ul>
                {step.reasons.map((reason) => (
                  <li key={reason}>
                    <bdi>{reason}</bdi>
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ol>
      {plan.steps.length > shown && <p>{t("orders.moreSteps", { count: plan.steps.length - shown })}</p>}
      <p className="pv-quiet">
        {t("orders.expect")} <bdi>{plan.expect.join("; ")}</bdi>
      </p>
    </section>
  );
}
