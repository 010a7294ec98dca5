import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useId, useMemo, useRef, useState } from "react";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";
import { layouts, strokesFor, type Layout } from "./keyboards.ts";
import type { Screen } from "./screen.ts";

const kept = "polyvisor.console.layout";
/** Longest text that is typed at once: minutes, at the pace of a keyboard. */
const longest = 20_000;

function layoutOf(): Layout {
  try {
    const found = localStorage.getItem(kept);
    if (layouts.includes(found as Layout)) return found as Layout;
  } catch {
    // a browser that keeps nothing
  }
  return "us";
}

/** Types a text into the guest, as keys of the keyboard that the guest believes to have. */
export default function TypeText({ screen, graphical, close }: { screen: Screen; graphical: boolean; close: () => void }) {
  const { t } = useTexts();
  const id = useId();
  const [text, setText] = useState("");
  const [layout, setLayout] = useState(layoutOf);
  const [part, setPart] = useState<number>();
  const [failure, setFailure] = useState<unknown>();
  const abort = useRef<AbortController>(undefined);
  const missing = useMemo(() => (graphical ? strokesFor(text, layout).missing : []), [text, layout, graphical]);

  const choose = (next: Layout): void => {
    setLayout(next);
    try {
      localStorage.setItem(kept, next);
    } catch {
      // it holds until the page is left
    }
  };
  const go = async (): Promise<void> => {
    const over = (abort.current = new AbortController());
    setFailure(undefined);
    setPart(0);
    try {
      await screen.type(text, layout, over.signal, setPart);
      close();
      screen.focus();
    } catch (error) {
      if (!over.signal.aborted) setFailure(error);
      setPart(undefined);
    }
  };
  const leave = (): void => {
    abort.current?.abort();
    close();
  };
  return (
    <Modal isOpen variant="small" onClose={leave} aria-labelledby={`${id}-title`}>
      <ModalHeader title={t("consoles.typeTitle")} labelId={`${id}-title`} description={t(graphical ? "consoles.typeHint" : "consoles.typeHintSerial")} />
      <ModalBody>
        <label htmlFor={`${id}-text`}>{t("consoles.text")}</label>
        <textarea
          id={`${id}-text`}
          className="pv-console__text"
          rows={6}
          maxLength={longest}
          spellCheck={false}
          autoComplete="off"
          value={text}
          disabled={part !== undefined}
          onChange={(event) => setText(event.target.value)}
          aria-describedby={`${id}-missing`}
        />
        {graphical && (
          <p className="pv-console__layout">
            <label htmlFor={`${id}-layout`}>{t("consoles.layout")}</label>{" "}
            <select id={`${id}-layout`} value={layout} onChange={(event) => choose(event.target.value as Layout)} disabled={part !== undefined}>
              {layouts.map((each) => (
                <option key={each} value={each}>
                  {t(`consoles.layouts.${each}`)}
                </option>
              ))}
            </select>
          </p>
        )}
        <p id={`${id}-missing`} className="pv-filter__fault" role="status">
          {missing.length > 0 ? t("consoles.missing", { count: missing.length, characters: missing.slice(0, 20).join(" ") }) : ""}
        </p>
        {part !== undefined && <progress className="pv-console__progress" value={part} aria-label={t("consoles.typing")} />}
        {failure !== undefined && <Failure error={failure} />}
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" isDisabled={text === "" || missing.length > 0 || part !== undefined} onClick={() => void go()}>
          {t("consoles.type")}
        </Button>
        <Button variant="link" onClick={leave}>
          {t("shell.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
