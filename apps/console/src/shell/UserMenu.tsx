import { Divider } from "@patternfly/react-core/dist/esm/components/Divider";
import { Dropdown, DropdownGroup, DropdownItem, DropdownList } from "@patternfly/react-core/dist/esm/components/Dropdown";
import { MenuToggle } from "@patternfly/react-core/dist/esm/components/MenuToggle";
import UserIcon from "@patternfly/react-icons/dist/esm/icons/user-icon";
import { useNavigate } from "@tanstack/react-router";
import { useState, useSyncExternalStore } from "react";
import { preferences } from "../preferences/preferences.ts";
import { usePreferences } from "../preferences/usePreferences.ts";
import { profileAreas } from "../routes/administration/areas.ts";
import { session } from "../session/session.ts";
import { changeLanguage, languages, useTexts, type Language } from "../texts/texts.ts";

/** Who is signed in, how things look, and the way out. */
export function UserMenu() {
  const { t } = useTexts();
  const state = useSyncExternalStore(session.subscribe, session.state);
  const { theme, density, language } = usePreferences();
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const name = "account" in state ? state.account.displayName || state.account.name : "";
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: "right" }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          onClick={() => setOpen(!open)}
          isExpanded={open}
          icon={<UserIcon />}
          aria-label={t("shell.account", { name })}
        >
          <span className="pv-masthead__user">
            <bdi>{name}</bdi>
          </span>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={t("preferences.theme")}>
        <DropdownList>
          {(["system", "light", "dark"] as const).map((each) => (
            <DropdownItem key={each} isSelected={theme === each} onClick={() => preferences.set({ theme: each })}>
              {t(`preferences.themes.${each}`)}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <DropdownGroup label={t("preferences.density")}>
        <DropdownList>
          {(["dense", "comfortable"] as const).map((each) => (
            <DropdownItem key={each} isSelected={density === each} onClick={() => preferences.set({ density: each })}>
              {t(`preferences.densities.${each}`)}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <DropdownGroup label={t("preferences.language")}>
        <DropdownList>
          {(Object.keys(languages) as Language[]).map((each) => (
            <DropdownItem
              key={each}
              lang={each}
              isSelected={language === each}
              onClick={() => {
                preferences.set({ language: each });
                void changeLanguage(each);
              }}
            >
              {languages[each]}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <Divider />
      <DropdownList>
        {profileAreas.map(({ path, text }) => (
          <DropdownItem key={path} onClick={() => void navigate({ to: path as "/" })}>
            {t(text)}
          </DropdownItem>
        ))}
        <DropdownItem onClick={() => void navigate({ to: "/administration" as "/" })}>{t("administration.title")}</DropdownItem>
      </DropdownList>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={() => void session.leave()}>{t("signIn.leave")}</DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
