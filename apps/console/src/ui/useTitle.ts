import { useEffect } from "react";
import { useTexts } from "../texts/texts.ts";

/** Names the page in the browser's tab. */
export function useTitle(title: string): void {
  const { t } = useTexts();
  useEffect(() => {
    document.title = `${title} · ${t("shell.product")}`;
  }, [title, t]);
}
