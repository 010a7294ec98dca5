import type { Texts } from "../shape.ts";

export const times: Texts["times"] = { now: "gerade eben" };
