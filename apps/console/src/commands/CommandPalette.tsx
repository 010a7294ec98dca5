import { Modal, ModalBody } from "@patternfly/react-core/dist/esm/components/Modal";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useId, useMemo, useState, type KeyboardEvent } from "react";
import { objectPath, useTab } from "../routes/links.ts";
import { useTexts } from "../texts/texts.ts";
import { useSearch } from "../tree/SearchResults.tsx";
import type { Command } from "./command.ts";
import { commandsFor, fitting } from "./commands.ts";

/** Commands and objects that are shown at once. */
const shown = { commands: 12, objects: 8 };

/** Finds objects and does things, by typing. */
export default function CommandPalette({ close }: { close: () => void }) {
  const { t } = useTexts();
  const listId = useId();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const tab = useTab();
  const [words, setWords] = useState("");
  const [active, setActive] = useState(0);
  const { data } = useSearch(words.trim(), shown.objects);
  const commands = useMemo(() => commandsFor(pathname, (to) => void navigate({ to: to as "/" })), [pathname, navigate]);
  const entries: Command[] = [
    ...(words.trim() === ""
      ? []
      : (data?.items ?? []).slice(0, shown.objects * 2).map((item): Command => ({
          id: item.id,
          text: item.name,
          note: [t(`objects.kinds.${item.kind}`), item.host].filter(Boolean).join(" · "),
          run: () => void navigate({ to: objectPath(item.kind, item.id, tab) as "/" }),
        }))),
    ...fitting(commands, words).slice(0, shown.commands),
  ];
  const run = (entry: Command | undefined): void => {
    if (!entry || entry.reason !== undefined) return;
    close();
    entry.run();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setActive((active + 1) % Math.max(1, entries.length));
    else if (event.key === "ArrowUp") setActive((active + entries.length - 1) % Math.max(1, entries.length));
    else if (event.key === "Enter") run(entries[active]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal isOpen variant="small" position="top" onClose={close} aria-label={t("shell.find")} className="pv-palette">
      <ModalBody>
        <input
          role="combobox"
          aria-label={t("shell.find")}
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={entries.length > 0 ? `${listId}-${active}` : undefined}
          autoFocus
          placeholder={t("shell.findHint")}
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            setActive(0);
          }}
          onKeyDown={press}
        />
        <ul id={listId} role="listbox" aria-label={t("shell.find")}>
          {entries.map((entry, index) => (
            <li
              key={entry.id}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === active}
              aria-disabled={entry.reason !== undefined}
              onMouseMove={() => setActive(index)}
              onClick={() => run(entry)}
            >
              <bdi>{entry.text}</bdi>
              <span>{entry.reason ?? entry.note}</span>
            </li>
          ))}
        </ul>
        {entries.length === 0 && <p className="pv-quiet">{t("tree.nothing")}</p>}
      </ModalBody>
    </Modal>
  );
}
