import { FormGroup } from "@patternfly/react-core/dist/esm/components/Form";
import { FormHelperText } from "@patternfly/react-core/dist/esm/components/Form";
import { HelperText, HelperTextItem } from "@patternfly/react-core/dist/esm/components/HelperText";
import type { ReactNode } from "react";

/** A field of a form with its name and what is good to know about it. */
export function FormRow({
  id,
  label,
  help,
  required = false,
  children,
}: {
  id: string;
  label: string;
  help?: ReactNode;
  required?: boolean;
  children: ReactNode;
}) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={required}>
      {children}
      {help !== undefined && help !== "" && (
        <FormHelperText>
          <HelperText id={`${id}-help`}>
            <HelperTextItem>{help}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}
