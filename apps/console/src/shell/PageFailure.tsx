import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { EmptyState, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { useTexts } from "../texts/texts.ts";

/** A page broke. After a new version of the server its pieces of the old one are gone, and loading anew is the cure. */
export function PageFailure({ error }: { error: Error }) {
  const { t } = useTexts();
  return (
    <EmptyState titleText={t("shell.pageFailed")} headingLevel="h1" status="danger">
      <EmptyStateBody>{error.message}</EmptyStateBody>
      <EmptyStateFooter>
        <Button onClick={() => location.reload()}>{t("shell.loadAnew")}</Button>
      </EmptyStateFooter>
    </EmptyState>
  );
}
