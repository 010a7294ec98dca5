import { TextArea } from "@patternfly/react-core/dist/esm/components/TextArea";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput";
import { useId, type ReactNode } from "react";
import { FormRow } from "./FormRow.tsx";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: ReactNode;
  type?: "text" | "password" | "number" | "url";
  required?: boolean;
  maxLength?: number;
  /** More than one: a text of lines. */
  lines?: number;
  autoComplete?: string;
  autoFocus?: boolean;
  placeholder?: string;
  inputMode?: "numeric" | "text";
  /** What is offered while one types. */
  offers?: readonly string[];
}

/** A text in a form. */
export function TextField({
  label,
  value,
  onChange,
  help,
  type = "text",
  required = false,
  lines = 1,
  offers,
  maxLength = 4096,
  autoComplete = "off",
  ...rest
}: Props) {
  const id = useId();
  const told = help === undefined || help === "" ? {} : { "aria-describedby": `${id}-help` };
  return (
    <FormRow id={id} label={label} help={help} required={required}>
      {lines > 1 ? (
        <TextArea id={id} dir="auto" rows={lines} value={value} onChange={(_, next) => onChange(next)} isRequired={required} maxLength={maxLength} {...told} />
      ) : (
        <TextInput
          id={id}
          type={type}
          value={value}
          onChange={(_, next) => onChange(next)}
          isRequired={required}
          maxLength={maxLength}
          autoComplete={autoComplete}
          spellCheck={false}
          {...(offers ? { list: `${id}-offers` } : {})}
          {...told}
          {...rest}
        />
      )}
      {offers && (
        <datalist id={`${id}-offers`}>
          {offers.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </FormRow>
  );
}
