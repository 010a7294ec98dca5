import { randomBytes } from "node:crypto";
import { makeId, type Kind } from "@polyvisor/model";

/** A new id from the system's random source. */
export const newId = (kind: Kind): string => makeId(kind, randomBytes(12));
