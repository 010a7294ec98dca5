import SearchIcon from "@patternfly/react-icons/dist/esm/icons/search-icon";
import TimesIcon from "@patternfly/react-icons/dist/esm/icons/times-icon";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import type { EstateKind } from "../live/liveObject.ts";
import { api } from "../session/session.ts";
import { useTexts } from "../texts/texts.ts";

type Completion = Awaited<ReturnType<typeof ask>>;

const ask = (kind: EstateKind, text: string, cursor: number, signal: AbortSignal) =>
  api.call("filterComplete", { query: { kind, text, cursor, limit: 12 }, signal });

/** Milliseconds of rest after a key until the server is asked. */
const restMs = 120;

/** Where a filter is written: the server offers what may come next and says what is wrong, and a filter that is right counts at once. */
export function FilterBar({ kind, filter, onFilter }: { kind: EstateKind; filter: string; onFilter: (filter: string) => void }) {
  const { t } = useTexts();
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(filter);
  const [offered, setOffered] = useState<Completion>();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const own = useRef(filter);
  const asked = useRef<AbortController>(undefined);

  // Back, forward and links change the filter from outside.
  useEffect(() => {
    if (filter !== own.current) setText(filter);
    own.current = filter;
  }, [filter]);

  const look = (next: string, cursor: number, apply: boolean): void => {
    asked.current?.abort();
    const over = (asked.current = new AbortController());
    setTimeout(() => {
      if (over.signal.aborted) return;
      ask(kind, next, cursor, over.signal).then(
        (found) => {
          setOffered(found);
          setActive(-1);
          if (apply && !found.fault && next.trim() !== own.current) {
            own.current = next.trim();
            onFilter(next.trim());
          }
        },
        () => undefined, // a filter that the server never saw is not applied; the stream's banner says why
      );
    }, restMs);
  };
  const change = (next: string, cursor = next.length): void => {
    setText(next);
    setOpen(true);
    look(next, cursor, true);
  };
  const put = (index: number): void => {
    if (!offered) return;
    const { text: word, type } = offered.candidates[index]!;
    const next = `${text.slice(0, offered.from)}${word}${type === "value" ? "" : " "}${text.slice(offered.to)}`;
    change(next, offered.from + word.length + 1);
    input.current?.focus();
  };
  const press = (event: KeyboardEvent): void => {
    const count = offered?.candidates.length ?? 0;
    if (event.key === "ArrowDown" && count > 0) setActive((active + 1) % count);
    else if (event.key === "ArrowUp" && count > 0) setActive((active + count - 1) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && open && active >= 0) put(active);
    else if (event.key === "Enter") {
      setOpen(false);
      look(text, text.length, true);
    } else if (event.key === "Escape") {
      if (open) setOpen(false);
      else input.current?.blur();
    } else return;
    event.preventDefault();
  };
  const fault = offered?.fault;
  const shown = open && (offered?.candidates.length ?? 0) > 0;
  return (
    <div className="pv-filter" onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}>
      <SearchIcon />
      <input
        ref={input}
        data-keys="filter"
        role="combobox"
        aria-label={t("table.filter")}
        aria-expanded={shown}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-invalid={fault !== undefined}
        aria-describedby={`${listId}-fault`}
        {...(shown && active >= 0 ? { "aria-activedescendant": `${listId}-${active}` } : {})}
        spellCheck={false}
        autoComplete="off"
        placeholder={t(`table.filterHint.${kind}`)}
        value={text}
        onChange={(event) => change(event.target.value, event.target.selectionStart ?? undefined)}
        onFocus={() => {
          setOpen(true);
          look(text, text.length, false);
        }}
        onKeyDown={press}
      />
      {text !== "" && (
        <button
          type="button"
          className="pv-filter__clear"
          aria-label={t("table.filterClear")}
          onClick={() => {
            own.current = "";
            setText("");
            setOffered(undefined);
            onFilter("");
          }}
        >
          <TimesIcon />
        </button>
      )}
      <ul id={listId} role="listbox" aria-label={t("table.filterOffers")} className="pv-filter__offers" hidden={!shown}>
        {offered?.candidates.map((candidate, index) => (
          <li
            key={`${candidate.type} ${candidate.text}`}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault();
              put(index);
            }}
          >
            <code data-type={candidate.type}>{candidate.text}</code>
            <span>{candidate.means}</span>
          </li>
        ))}
      </ul>
      <p id={`${listId}-fault`} className="pv-filter__fault" role="status">
        {fault && text.trim() !== "" ? `${fault.message}${fault.suggestion === undefined ? "" : `; ${t("table.meant", { text: fault.suggestion })}`}` : ""}
      </p>
    </div>
  );
}
