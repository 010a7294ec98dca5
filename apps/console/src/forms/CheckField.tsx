import { Checkbox } from "@patternfly/react-core/dist/esm/components/Checkbox";
import { useId } from "react";

/** A yes or no in a form. */
export function CheckField({ label, help, value, onChange }: { label: string; help?: string; value: boolean; onChange: (value: boolean) => void }) {
  const id = useId();
  return <Checkbox id={id} label={label} {...(help === undefined ? {} : { description: help })} isChecked={value} onChange={(_, next) => onChange(next)} />;
}
