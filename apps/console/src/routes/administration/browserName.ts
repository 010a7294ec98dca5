/** Browsers by what they call themselves; one that says it is several is the first of them. */
const browsers = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["HeadlessChrome/", "Chromium"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const systems = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS X", "macOS"],
  ["Linux", "Linux"],
] as const;

/** A program by its User-Agent, as short as one recognises it; what is no browser is shown as it called itself. */
export function browserName(client: string | undefined): string | undefined {
  if (client === undefined || client === "") return undefined;
  if (!client.startsWith("Mozilla/")) return client.slice(0, 60);
  const browser = browsers.find(([sign]) => client.includes(sign))?.[1];
  const system = systems.find(([sign]) => client.includes(sign))?.[1];
  return browser === undefined ? client.slice(0, 60) : system === undefined ? browser : `${browser}, ${system}`;
}
