import { useTexts } from "../texts/texts.ts";
import type { Scope } from "./scope.ts";

/** Where a grant holds, in words. */
export function ScopeText({ scope }: { scope: Scope }) {
  const { t } = useTexts();
  switch (scope.on) {
    case "site":
      return t("access.onSite");
    case "folder":
      return (
        <>
          {t("access.inFolder")} <bdi>{scope.path ?? scope.folder}</bdi>
        </>
      );
    case "tag":
      return (
        <>
          {t("access.onTag")} <bdi className="pv-tag">{scope.tag}</bdi>
        </>
      );
    case "selector":
      return (
        <>
          {t("access.onSelector", { kind: t(`objects.lists.${scope.kind}`) })} <code>{scope.filter}</code>
        </>
      );
    case "object":
      return (
        <>
          {t("access.onObject")} <code>{scope.object}</code>
        </>
      );
  }
}
