import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import TimesCircleIcon from "@patternfly/react-icons/dist/esm/icons/times-circle-icon";
import { useAnswer } from "../live/useAnswer.ts";
import { useTexts } from "../texts/texts.ts";
import { Answered } from "../ui/Answered.tsx";
import { EffectMark } from "./EffectMark.tsx";
import { ScopeText } from "./ScopeText.tsx";
import type { Why } from "./scope.ts";

/** Whether an account may do something, and every grant that speaks to it. */
export function WhyAnswer({ permission, account, object }: { permission: string; account?: string; object?: string }) {
  const query = { permission: permission as Why["permission"], ...(account ? { account } : {}), ...(object ? { object } : {}) };
  const why = useAnswer("permissionWhy", { query });
  return <Answered of={why}>{(answer) => <Told why={answer} />}</Answered>;
}

function Told({ why }: { why: Why }) {
  const { t } = useTexts();
  const { allowed, account, permission, object, reasons } = why;
  const values = { account, permission, object: object?.name ?? t("access.theSite") };
  const both = reasons.some(({ effect }) => effect === "deny") && reasons.some(({ effect }) => effect === "allow");
  return (
    <div role="status" aria-live="polite">
      <p className="pv-verdict">
        {allowed ? <CheckCircleIcon color="var(--pv-run)" /> : <TimesCircleIcon color="var(--pv-fail)" />}
        <bdi>{t(allowed ? "access.may" : "access.mayNot", values)}</bdi>
      </p>
      <ul className="pv-steps">
        {reasons.map((reason) => (
          <li key={reason.grant}>
            <EffectMark effect={reason.effect} />
            <span>
              <bdi>
                {t(reason.subject.kind === "group" ? "access.becauseGroup" : "access.becauseAccount", { name: reason.subject.name, role: reason.role })}
              </bdi>{" "}
              <ScopeText scope={reason.scope} />
            </span>
          </li>
        ))}
      </ul>
      {reasons.length === 0 && <p>{t("access.noGrant")}</p>}
      {both && <p>{t("access.denialWins")}</p>}
      {/* No grant has said it and yet it is so: it is the credential that decides, which the server explains itself. */}
      {reasons.every(({ effect }) => (effect === "allow") !== allowed) && why.sentences.slice(1).map((sentence) => <p key={sentence}>{sentence}</p>)}
    </div>
  );
}
