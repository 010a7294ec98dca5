import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Tooltip } from "@patternfly/react-core/dist/esm/components/Tooltip";
import BarsIcon from "@patternfly/react-icons/dist/esm/icons/bars-icon";
import CogIcon from "@patternfly/react-icons/dist/esm/icons/cog-icon";
import KeyboardIcon from "@patternfly/react-icons/dist/esm/icons/keyboard-icon";
import SearchIcon from "@patternfly/react-icons/dist/esm/icons/search-icon";
import { useLocation } from "@tanstack/react-router";
import { useStream } from "../live/useLive.ts";
import { TaskBell } from "../tasks/TaskBell.tsx";
import { useTexts } from "../texts/texts.ts";
import { Brand } from "../ui/Brand.tsx";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { sections } from "./sections.ts";
import { UserMenu } from "./UserMenu.tsx";

interface Props {
  openPalette: () => void;
  openKeys: () => void;
  toggleTree: () => void;
}

/** The bar on top: where one is, search, and who one is. */
export function Masthead({ openPalette, openKeys, toggleTree }: Props) {
  const { t } = useTexts();
  const { pathname } = useLocation();
  const stream = useStream();
  return (
    <header className="pv-masthead">
      <Button variant="plain" aria-label={t("tree.toggle")} onClick={toggleTree} icon={<BarsIcon />} />
      <ConsoleLink to="/vms" className="pv-masthead__brand" aria-label={t("shell.product")}>
        <Brand />
        <span>{t("shell.product")}</span>
      </ConsoleLink>
      <nav className="pv-masthead__sections" aria-label={t("shell.sections")}>
        {sections.map(({ path, text }) => (
          <ConsoleLink key={path} to={path} {...(pathname === path || pathname.startsWith(`${path}/`) ? { "aria-current": "page" } : {})}>
            {t(text)}
          </ConsoleLink>
        ))}
      </nav>
      <button type="button" className="pv-masthead__search" aria-label={t("shell.find")} onClick={openPalette}>
        <SearchIcon />
        <span>{t("shell.find")}</span>
        <kbd aria-hidden data-key="Ctrl K" />
      </button>
      <Tooltip content={t(`shell.stream.${stream.is}`)}>
        <span className="pv-live" data-state={stream.is} tabIndex={0} role="status" aria-label={t(`shell.stream.${stream.is}`)} />
      </Tooltip>
      <TaskBell />
      <Button className="pv-masthead__keys" variant="plain" aria-label={t("shell.keys.title")} onClick={openKeys} icon={<KeyboardIcon />} />
      <ConsoleLink className="pv-masthead__admin" to="/administration" aria-label={t("administration.title")} title={t("administration.title")}>
        <CogIcon />
      </ConsoleLink>
      <UserMenu />
    </header>
  );
}
