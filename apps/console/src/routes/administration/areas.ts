import type { Permission } from "@polyvisor/model/tables";
import type { TextKey } from "../../texts/texts.ts";

/** A page of the list beside it. */
export interface Area {
  path: string;
  text: TextKey;
  /** Permission on the site without which the server tells nothing of it. */
  needs?: Permission;
}

/** Areas of the administration, in their order. */
export const administrationAreas: readonly Area[] = [
  { path: "/administration/accounts", text: "administration.accounts", needs: "account.administer" },
  { path: "/administration/groups", text: "administration.groups", needs: "account.administer" },
  { path: "/administration/roles", text: "administration.roles" },
  { path: "/administration/grants", text: "administration.grants", needs: "role.administer" },
  { path: "/administration/why", text: "administration.why" },
  { path: "/administration/identity-providers", text: "administration.providers", needs: "account.administer" },
  { path: "/administration/sessions", text: "administration.sessions", needs: "account.administer" },
  { path: "/administration/history", text: "administration.retention", needs: "metrics.view" },
  { path: "/audit-log", text: "auditLog.title", needs: "audit.view" },
  { path: "/administration/servers", text: "administration.servers", needs: "server.administer" },
  { path: "/administration/about", text: "administration.about" },
];

/** Areas of the own profile. */
export const profileAreas: readonly Area[] = [
  { path: "/profile", text: "profile.signIn" },
  { path: "/profile/tokens", text: "profile.tokens" },
  { path: "/profile/sessions", text: "profile.sessions" },
  { path: "/profile/preferences", text: "profile.preferences" },
];
