import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect";
import { useId, type ReactNode } from "react";
import { FormRow } from "./FormRow.tsx";

interface Props<V extends string> {
  label: string;
  value: V;
  onChange: (value: V) => void;
  options: readonly (readonly [value: V, text: string])[];
  help?: ReactNode;
  required?: boolean;
}

/** One of a few in a form. */
export function ChoiceField<V extends string>({ label, value, onChange, options, help, required = false }: Props<V>) {
  const id = useId();
  return (
    <FormRow id={id} label={label} help={help} required={required}>
      <FormSelect id={id} value={value} onChange={(_, next) => onChange(next as V)} {...(help === undefined ? {} : { "aria-describedby": `${id}-help` })}>
        {options.map(([each, text]) => (
          <FormSelectOption key={each} value={each} label={text} />
        ))}
      </FormSelect>
    </FormRow>
  );
}
