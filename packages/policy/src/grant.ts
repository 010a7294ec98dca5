import type { Permission } from "@polyvisor/model";

/** A name for permissions that are given together. */
export interface Role {
  id: string;
  name: string;
  permissions: readonly Permission[];
}

/** Who is given something. */
export interface Subject {
  kind: "account" | "group";
  id: string;
}

/**
 * Where a grant holds. `folder`: in it and in every folder below. `selector`: on objects that fit; `selector` is the
 * key by which the facts of an object name it. `object`: on one object; a host's counts for its datastores and networks.
 */
export type Scope =
  | { on: "site" }
  | { on: "folder"; folder: string }
  | { on: "tag"; tag: string }
  | { on: "selector"; selector: string }
  | { on: "object"; object: string };

export type Effect = "allow" | "deny";

/** A role for someone somewhere, or the denial of it. */
export interface Grant {
  id: string;
  role: string;
  subject: Subject;
  scope: Scope;
  effect: Effect;
}

/** Who asks. */
export interface Asker {
  account: string;
  groups: readonly string[];
}

/** What decides whether a scope holds an object. */
export interface ObjectFacts {
  /** Its id, and of what it belongs to: a datastore's host. */
  ids: readonly string[];
  /** The folder it is in and all above. */
  folders: readonly string[];
  tags: readonly string[];
  /** Keys of the selectors that it fits. */
  selectors: readonly string[];
}
