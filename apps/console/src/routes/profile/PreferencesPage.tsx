import { ChoiceField } from "../../forms/ChoiceField.tsx";
import { preferences } from "../../preferences/preferences.ts";
import { usePreferences } from "../../preferences/usePreferences.ts";
import { changeLanguage, languages, useTexts, type Language } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";
import { fullDateText } from "../../ui/times.ts";
import { AdminPage } from "../administration/AdminPage.tsx";
import { ZoneField } from "./ZoneField.tsx";

/** How this browser shows things. */
export default function PreferencesPage() {
  const { t } = useTexts();
  const { theme, density, language } = usePreferences();
  return (
    <AdminPage title={t("profile.preferences")} lead={t("profile.preferencesLead")}>
      <Card title={t("profile.preferences")} wide>
        <div className="pv-fields">
          <ChoiceField
            label={t("preferences.language")}
            value={language}
            onChange={(next) => {
              preferences.set({ language: next });
              void changeLanguage(next);
            }}
            options={(Object.keys(languages) as Language[]).map((each) => [each, languages[each]] as const)}
          />
          <ChoiceField
            label={t("preferences.theme")}
            value={theme}
            onChange={(next) => preferences.set({ theme: next })}
            options={(["system", "light", "dark"] as const).map((each) => [each, t(`preferences.themes.${each}`)] as const)}
          />
          <ChoiceField
            label={t("preferences.density")}
            value={density}
            onChange={(next) => preferences.set({ density: next })}
            options={(["dense", "comfortable"] as const).map((each) => [each, t(`preferences.densities.${each}`)] as const)}
          />
          <ZoneField />
        </div>
        <p>{t("profile.itIs", { time: fullDateText(Date.now()) })}</p>
      </Card>
    </AdminPage>
  );
}
