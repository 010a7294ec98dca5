import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Dropdown, DropdownItem, DropdownList } from "@patternfly/react-core/dist/esm/components/Dropdown";
import { MenuToggle } from "@patternfly/react-core/dist/esm/components/MenuToggle";
import CameraIcon from "@patternfly/react-icons/dist/esm/icons/camera-icon";
import ExpandIcon from "@patternfly/react-icons/dist/esm/icons/expand-icon";
import ExternalLinkAltIcon from "@patternfly/react-icons/dist/esm/icons/external-link-alt-icon";
import KeyboardIcon from "@patternfly/react-icons/dist/esm/icons/keyboard-icon";
import { useState } from "react";
import { useTexts } from "../texts/texts.ts";
import { combinations, terminalKeys } from "./keyboards.ts";
import type { ShownConsole } from "./consolesOf.ts";
import type { Screen } from "./screen.ts";

interface Props {
  all: readonly ShownConsole[];
  chosen: ShownConsole;
  choose: (alias: string) => void;
  /** Absent while it is not open. */
  screen: Screen | undefined;
  scale: boolean;
  setScale: (scale: boolean) => void;
  typeText: () => void;
  takePicture: () => void;
  fullScreen: () => void;
  /** Absent where it has one. */
  ownWindow: (() => void) | undefined;
}

/** Everything that can be done with a console. */
export function ConsoleTools({ all, chosen, choose, screen, scale, setScale, typeText, takePicture, fullScreen, ownWindow }: Props) {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const graphical = chosen.kind === "graphical";
  const off = screen === undefined;
  const press = (keys: Parameters<Screen["press"]>[0]): void => {
    screen?.press(keys);
    screen?.focus();
  };
  return (
    <div className="pv-console__tools" role="toolbar" aria-label={t("consoles.tools")} data-console-tools>
      {all.length > 1 && (
        <select aria-label={t("consoles.which")} value={chosen.alias} onChange={(event) => choose(event.target.value)}>
          {all.map(({ alias, label, reason }) => (
            <option key={alias} value={alias} disabled={reason !== undefined} title={reason}>
              {label}
            </option>
          ))}
        </select>
      )}
      {graphical && (
        <Button size="sm" variant="secondary" isDisabled={off} onClick={() => press(combinations[0]!.keys)}>
          {t("consoles.ctrlAltDel")}
        </Button>
      )}
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        isScrollable
        maxMenuHeight="20rem"
        // A page in full screen shows only what lies in it.
        popperProps={{ appendTo: "inline" }}
        toggle={(ref) => (
          <MenuToggle ref={ref} size="sm" isExpanded={open} isDisabled={off} onClick={() => setOpen(!open)}>
            {t("consoles.keys")}
          </MenuToggle>
        )}
      >
        <DropdownList>
          {graphical
            ? combinations.map(({ name, keys }) => (
                <DropdownItem key={name} onClick={() => press(keys)}>
                  {name}
                </DropdownItem>
              ))
            : terminalKeys.map(({ name, bytes }) => (
                <DropdownItem key={name} onClick={() => press(bytes)}>
                  {name}
                </DropdownItem>
              ))}
        </DropdownList>
      </Dropdown>
      <Button size="sm" variant="secondary" icon={<KeyboardIcon />} isDisabled={off} onClick={typeText}>
        {t("consoles.typeText")}
      </Button>
      {graphical && (
        <Button size="sm" variant="secondary" icon={<CameraIcon />} isDisabled={off} onClick={takePicture}>
          {t("consoles.screenshot")}
        </Button>
      )}
      {graphical && (
        <label className="pv-console__scale">
          <input type="checkbox" checked={scale} onChange={(event) => setScale(event.target.checked)} /> {t("consoles.scale")}
        </label>
      )}
      <span className="pv-console__hint">{t("consoles.leave")}</span>
      <Button size="sm" variant="plain" icon={<ExpandIcon />} aria-label={t("consoles.fullScreen")} onClick={fullScreen} />
      {ownWindow && <Button size="sm" variant="plain" icon={<ExternalLinkAltIcon />} aria-label={t("consoles.ownWindow")} onClick={ownWindow} />}
    </div>
  );
}
