import { Button, type ButtonProps } from "@patternfly/react-core/dist/esm/components/Button";
import { Tooltip } from "@patternfly/react-core/dist/esm/components/Tooltip";

/** A button that says why it cannot be used, to the pointer and to the keyboard alike. */
export function ReasonButton({ reason, ...rest }: ButtonProps & { reason: string | undefined }) {
  if (reason === undefined) return <Button {...rest} />;
  const { onClick: _none, ...look } = rest;
  return (
    <Tooltip content={reason}>
      <Button {...look} isAriaDisabled />
    </Tooltip>
  );
}
