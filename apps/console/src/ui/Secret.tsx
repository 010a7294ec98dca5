import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useState } from "react";
import { useTexts } from "../texts/texts.ts";

/** Something that is shown once: to be copied now. */
export function Secret({ label, text, lines = 1 }: { label: string; text: string; lines?: number }) {
  const { t } = useTexts();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <div className="pv-secret">
      <textarea readOnly aria-label={label} rows={lines} value={text} onFocus={(event) => event.currentTarget.select()} spellCheck={false} translate="no" />
      {/* A browser gives its clipboard to pages over HTTPS only; elsewhere the text is selected and copied by hand. */}
      {isSecureContext && (
        <Button variant="secondary" onClick={() => void copy()}>
          {copied ? t("administration.copied") : t("administration.copy")}
        </Button>
      )}
    </div>
  );
}
