import { Label } from "@patternfly/react-core/dist/esm/components/Label";
import { useTexts } from "../texts/texts.ts";

/** Whether a grant allows or denies. */
export function EffectMark({ effect }: { effect: "allow" | "deny" }) {
  const { t } = useTexts();
  return (
    <Label isCompact variant="outline" status={effect === "allow" ? "success" : "danger"}>
      {t(`access.effects.${effect}`)}
    </Label>
  );
}
