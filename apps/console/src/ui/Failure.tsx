import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useTexts } from "../texts/texts.ts";
import { failureText } from "./failure.ts";

/** Why something could not be had, and what to do. */
export function Failure({ error, retry, isInline = true }: { error: unknown; retry?: () => void; isInline?: boolean }) {
  const { t } = useTexts();
  const { title, detail, remedy } = failureText(error);
  return (
    <Alert
      variant="danger"
      component="p"
      isInline={isInline}
      title={title}
      actionLinks={
        retry && (
          <Button variant="link" isInline onClick={retry}>
            {t("shell.tryAgain")}
          </Button>
        )
      }
    >
      <p>{detail}</p>
      {remedy !== undefined && <p>{remedy}</p>}
    </Alert>
  );
}
