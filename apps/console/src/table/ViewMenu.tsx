import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Divider } from "@patternfly/react-core/dist/esm/components/Divider";
import { Dropdown, DropdownItem, DropdownList } from "@patternfly/react-core/dist/esm/components/Dropdown";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form";
import { MenuToggle } from "@patternfly/react-core/dist/esm/components/MenuToggle";
import { Modal, ModalBody, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput";
import EllipsisVIcon from "@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon";
import { useRef, useState, type FormEvent } from "react";
import type { EstateKind, LiveObjects } from "../live/liveObject.ts";
import { preferences, type SavedView } from "../preferences/preferences.ts";
import { usePreferences } from "../preferences/usePreferences.ts";
import { useSearchState } from "../routes/useSearchState.ts";
import { tellFailure, toasts } from "../shell/toasts.ts";
import { useTexts } from "../texts/texts.ts";
import type { Column } from "./column.ts";
import { csvOf, download } from "./csvList.ts";

const none: readonly SavedView[] = [];

/** Views of a list that somebody keeps by a name, and the list as a file. */
export function ViewMenu<K extends EstateKind>({ kind, columns }: { kind: K; columns: readonly Column<LiveObjects[K]>[] }) {
  const { t } = useTexts();
  const { views } = usePreferences();
  const [search, setSearch] = useSearchState();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState<string>();
  const [rows, setRows] = useState<number>();
  const reading = useRef<AbortController>(undefined);
  const mine = views[kind] ?? none;
  const keep = (next: readonly SavedView[]): void => preferences.set({ views: { ...preferences.get().views, [kind]: next } });

  const save = (event: FormEvent): void => {
    event.preventDefault();
    const kept = name!.trim();
    if (kept === "") return;
    const { filter, sort, columns: ids } = search;
    keep([...mine.filter((each) => each.name !== kept), { name: kept, filter, sort, columns: ids ?? columns.map(({ id }) => id).join(",") }]);
    setName(undefined);
  };
  const write = async (): Promise<void> => {
    const over = (reading.current = new AbortController());
    setRows(0);
    try {
      const file = await csvOf({ kind, filter: search["filter"] ?? "", sort: search["sort"], columns }, t, over.signal, setRows);
      download(file, `${t(`objects.lists.${kind as EstateKind}`)}.csv`);
      toasts.add({ text: t("table.exported") });
    } catch (error) {
      if (!over.signal.aborted) throw error;
    } finally {
      setRows(undefined);
    }
  };
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        popperProps={{ position: "right" }}
        toggle={(ref) => (
          <MenuToggle ref={ref} variant="plain" isExpanded={open} onClick={() => setOpen(!open)} aria-label={t("table.views")} icon={<EllipsisVIcon />} />
        )}
      >
        <DropdownList>
          {mine.map((view) => (
            <DropdownItem key={view.name} onClick={() => setSearch({ filter: view.filter, sort: view.sort, columns: view.columns })}>
              <bdi>{view.name}</bdi>
            </DropdownItem>
          ))}
          {mine.length > 0 && <Divider />}
          <DropdownItem onClick={() => setName("")}>{t("table.saveView")}</DropdownItem>
          {mine
            .filter((view) => view.filter === search["filter"] && view.sort === search["sort"])
            .map((view) => (
              <DropdownItem key={`remove ${view.name}`} onClick={() => keep(mine.filter((each) => each !== view))}>
                {t("table.removeView", { name: view.name })}
              </DropdownItem>
            ))}
          <Divider />
          <DropdownItem onClick={() => tellFailure(write())}>{t("table.export")}</DropdownItem>
        </DropdownList>
      </Dropdown>
      {rows !== undefined && (
        <span className="pv-quiet" role="status">
          {t("table.exporting", { count: rows })}{" "}
          <Button variant="link" isInline onClick={() => reading.current?.abort()}>
            {t("shell.cancel")}
          </Button>
        </span>
      )}
      {name !== undefined && (
        <Modal isOpen variant="small" onClose={() => setName(undefined)} aria-labelledby="save-view">
          <ModalHeader title={t("table.saveView")} labelId="save-view" />
          <ModalBody>
            <Form onSubmit={save}>
              <FormGroup label={t("fields.name")} fieldId="view-name">
                <TextInput id="view-name" autoFocus maxLength={100} value={name} onChange={(_, value) => setName(value)} />
              </FormGroup>
              <Button type="submit" isDisabled={name.trim() === ""}>
                {t("shell.save")}
              </Button>
            </Form>
          </ModalBody>
        </Modal>
      )}
    </>
  );
}
