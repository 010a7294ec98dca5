import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { profilePath, writePrivately } from "./profile.ts";

type Env = Readonly<Record<string, string | undefined>>;

const path = (env: Env): string => join(dirname(profilePath(env)), "devices.json");

function read(env: Env): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(path(env), "utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // without it this is a device like any other
  }
}

/** What an earlier sign-in of an account left here: by it the failures of others do not slow this one. Worthless without the pass phrase. */
export function keptDevice(env: Env, account: string): string | undefined {
  const devices = read(env);
  const found = Object.hasOwn(devices, account) ? devices[account] : undefined;
  return typeof found === "string" && found.length <= 2048 ? found : undefined;
}

/** Keeps it beside the sign-in; it outlives `logout`. */
export const keepDevice = (env: Env, account: string, device: string): void => writePrivately(path(env), { ...read(env), [account]: device });
