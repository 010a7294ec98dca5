/** One group of the provider that stands for a group here. */
export interface GroupMapping {
  /** The claim's value, or the DN or name of the directory's group. */
  from: string;
  /** Name of a group here. */
  to: string;
}

interface Common {
  /** Makes an account for who comes for the first time; it has no rights but those of its groups. */
  create: boolean;
  groups: GroupMapping[];
  /** PEM of the authority that the provider's certificate is of; the system's where absent. */
  ca?: string | undefined;
}

export interface OidcSettings extends Common {
  kind: "oidc";
  issuer: string;
  clientId: string;
  scopes: string[];
  nameClaim: string;
  displayNameClaim: string;
  groupsClaim?: string | undefined;
  /** By which browsers reach this server, where that is not the URL that it knows. */
  serverUrl?: string | undefined;
}

export interface LdapSettings extends Common {
  kind: "ldap";
  /** Tried in order. */
  urls: string[];
  startTls: boolean;
  bindDn?: string | undefined;
  baseDn: string;
  /** With `{name}` for what is typed as name. */
  userFilter: string;
  idAttribute: string;
  nameAttribute: string;
  displayNameAttribute: string;
  groupBaseDn?: string | undefined;
  /** With `{dn}` for the person's entry and `{name}` for its name. */
  groupFilter: string;
  groupAttribute: string;
}

export type ProviderSettings = OidcSettings | LdapSettings;

/** One step of trying a provider out. */
export interface TrialStep {
  what: string;
  ok: boolean;
  /** What was found, or what is wrong. */
  detail: string;
  /** What to do; where it is not ok. */
  remedy?: string | undefined;
}

/** Names of groups here that these of the provider stand for. Letter case does not count, as in DNs. */
export function mappedGroups(mapping: readonly GroupMapping[], values: readonly string[]): string[] {
  const has = new Set(values.map((value) => value.toLowerCase()));
  return [...new Set(mapping.filter(({ from }) => has.has(from.toLowerCase())).map(({ to }) => to))];
}
