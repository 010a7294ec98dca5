import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useId, useState } from "react";
import { useTexts } from "../texts/texts.ts";

/** A text that is to be typed elsewhere, with a button that copies it. */
export function CopyText({ label, text }: { label: string; text: string }) {
  const { t } = useTexts();
  const id = useId();
  const [copied, setCopied] = useState(false);
  return (
    <figure className="pv-copy" aria-labelledby={id}>
      <figcaption>
        <span id={id}>{label}</span>
        <Button variant="link" size="sm" isInline onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}>
          {copied ? t("orders.copied") : t("orders.copy")}
        </Button>
      </figcaption>
      <pre tabIndex={0} aria-labelledby={id}>
        {text}
      </pre>
    </figure>
  );
}
