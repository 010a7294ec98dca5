import { EmptyState, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";

/** There is no such page. */
export function NotFound() {
  const { t } = useTexts();
  return (
    <EmptyState titleText={t("shell.noPage")} headingLevel="h1">
      <EmptyStateBody>{t("shell.noPageDetail")}</EmptyStateBody>
      <EmptyStateFooter>
        <ConsoleLink to="/vms">{t("vms.title")}</ConsoleLink>
      </EmptyStateFooter>
    </EmptyState>
  );
}
