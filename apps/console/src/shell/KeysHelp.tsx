import { Modal, ModalBody, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useTexts } from "../texts/texts.ts";

/** Every key that does something, as `?` shows it. */
const keys = [
  [["Ctrl", "K"], "shell.keys.palette"],
  [["?"], "shell.keys.help"],
  [["/"], "shell.keys.filter"],
  [["["], "shell.keys.tree"],
  [["g", "v"], "shell.keys.vms"],
  [["g", "h"], "shell.keys.hosts"],
  [["g", "d"], "shell.keys.datastores"],
  [["g", "n"], "shell.keys.networks"],
  [["g", "t"], "tasks.keys.list"],
  [["g", "e"], "events.key"],
  [["]"], "tasks.keys.drawer"],
  [["↑", "↓"], "shell.keys.rows"],
  [["←", "→"], "shell.keys.fold"],
  [["Space"], "shell.keys.select"],
  [["Enter"], "shell.keys.open"],
  [["Esc"], "shell.keys.close"],
] as const;

export default function KeysHelp({ close }: { close: () => void }) {
  const { t } = useTexts();
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby="keys-help">
      <ModalHeader title={t("shell.keys.title")} labelId="keys-help" />
      <ModalBody>
        <dl className="pv-keys">
          {keys.map(([pressed, text]) => (
            <div key={text}>
              <dt>
                {pressed.map((each) => (
                  <kbd key={each}>{each}</kbd>
                ))}
              </dt>
              <dd>{t(text)}</dd>
            </div>
          ))}
        </dl>
      </ModalBody>
    </Modal>
  );
}
