import type { Translate } from "../texts/texts.ts";

/** From where a change came, in words. */
export function originText(origin: string | undefined, t: Translate): string {
  if (origin === undefined) return "";
  if (origin.startsWith("api ")) return t("events.origins.api", { address: origin.slice(4) });
  if (origin === "cli" || origin === "task" || origin === "host" || origin === "server") return t(`events.origins.${origin}`);
  return origin;
}
