import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import { en } from "./en/index.ts";

/** Languages of the console, by the name that each has for itself. */
export const languages = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof languages;

type Plain<K extends string> = K extends `${infer Stem}_one` | `${infer Stem}_other` ? Stem : K;
type Keys<T, Before extends string = ""> = { [K in keyof T & string]: T[K] extends string ? `${Before}${Plain<K>}` : Keys<T[K], `${Before}${K}.`> }[keyof T &
  string];

/** Every text by its name: `vms.title`. Of one that depends on `count` the name is without `_one` and `_other`. */
export type TextKey = Keys<typeof en>;
/** Gives a text, with values in place of its `{{names}}`. */
export type Translate = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

/** The language that the browser asks for, where there is one of it. */
export const languageOfBrowser = (): Language => {
  for (const each of navigator.languages) {
    const found = (Object.keys(languages) as Language[]).find((language) => each.toLowerCase().split("-")[0] === language);
    if (found) return found;
  }
  return "en";
};

/** Begins with the texts of a language; English is always there, for what another lacks. */
export async function startTexts(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    defaultNS: "texts",
    resources: { en: { texts: en } },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await changeLanguage(language);
}

/** Loads the texts of a language and shows everything in it. */
export async function changeLanguage(language: Language): Promise<void> {
  if (language === "de" && !i18next.hasResourceBundle("de", "texts")) i18next.addResourceBundle("de", "texts", (await import("./de/index.ts")).de);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** The texts of the present language: `t("vms.title")`; `has` asks for one whose name came from elsewhere. */
export function useTexts(): { t: Translate; has: (key: string) => key is TextKey } {
  const { t: translate, i18n } = useTranslation("texts");
  return { t: translate as unknown as Translate, has: (key): key is TextKey => i18n.exists(key) };
}

/** The same outside of a component. */
export const t: Translate = (key, values) => (i18next.t as unknown as Translate)(key, values);

/** The present language, for dates and numbers. */
export const locale = (): string => i18next.language || "en";
