import { MenuToggle } from "@patternfly/react-core/dist/esm/components/MenuToggle";
import { Select, SelectList, SelectOption } from "@patternfly/react-core/dist/esm/components/Select";
import ColumnsIcon from "@patternfly/react-icons/dist/esm/icons/columns-icon";
import { useState } from "react";
import { useTexts } from "../texts/texts.ts";
import type { Column } from "./column.ts";

interface Props<T> {
  all: readonly Column<T>[];
  shown: readonly Column<T>[];
  choose: (ids: readonly string[]) => void;
}

/** Which columns a table has. */
export function ColumnChooser<T>({ all, shown, choose }: Props<T>) {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const ids = shown.map(({ id }) => id);
  const toggle = (id: string): void => {
    const next = ids.includes(id) ? ids.filter((each) => each !== id) : all.filter((each) => each.id === id || ids.includes(each.id)).map((each) => each.id);
    if (next.length > 0) choose(next);
  };
  return (
    <Select
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={(_, id) => toggle(id as string)}
      popperProps={{ position: "right" }}
      toggle={(ref) => (
        <MenuToggle ref={ref} variant="plain" isExpanded={open} onClick={() => setOpen(!open)} aria-label={t("table.columns")} icon={<ColumnsIcon />} />
      )}
    >
      <SelectList aria-label={t("table.columns")}>
        {all.map((column) => (
          <SelectOption key={column.id} hasCheckbox value={column.id} isSelected={ids.includes(column.id)}>
            {t(column.text)}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  );
}
