import type { ColumnType, Generated, JSONColumnType } from "kysely";

type Time = ColumnType<Date, Date | string, Date | string>;
type OptionalTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** Where an account is kept: here, or with an identity provider that vouches for it. */
export type AccountSource = "local" | "oidc" | "ldap";

/** What a token may do at most; `apps/server/src/access` decides by it. Without a scope a token may what its account may. */
export interface TokenScope {
  /** A level, or names of permissions. */
  may: "read" | "operate" | "admin" | string[];
  /** On the objects that fit this filter only. */
  filter?: string | undefined;
}

export interface AccountTable {
  id: string;
  name: string;
  display_name: Generated<string>;
  source: Generated<AccountSource>;
  /** Name of the identity provider; null for a local one. */
  provider: string | null;
  /** By which the provider knows it for life: `sub`, or the directory's own id. */
  external_id: string | null;
  disabled: Generated<boolean>;
  revision: Generated<number>;
  /** argon2id in PHC form; null until a pass phrase is set. */
  pass_phrase_hash: string | null;
  created_at: Generated<Date>;
  last_sign_in_at: OptionalTime;
}

export interface AccountGroupTable {
  id: string;
  name: string;
  description: Generated<string>;
  revision: Generated<number>;
  created_at: Generated<Date>;
}

/** Who is in which group. `via` is `local`, or the identity provider whose claim says so. */
export interface MembershipTable {
  account_id: string;
  group_id: string;
  via: Generated<string>;
}

/** Sessions and API tokens. Only the SHA-256 of a token is kept: it has 256 random bits, so that is enough. */
export interface TokenTable {
  id: string;
  account_id: string;
  use: "session" | "api" | "local";
  name: string;
  hash: Buffer;
  scope: OptionalJson<TokenScope>;
  /** Of a session: where it began, and with what program. */
  address: string | null;
  client: string | null;
  /** `code`, `passPhrase`, `passPhrase+totp`, `passkey`, `oidc:NAME`, `ldap:NAME`. */
  signed_in_by: string | null;
  created_at: Generated<Date>;
  last_used_at: OptionalTime;
  last_address: string | null;
  expires_at: OptionalTime;
}

export interface SignInCodeTable {
  hash: Buffer;
  account_id: string;
  expires_at: Time;
  /** SHA-256 of what only the program that began the sign-in knows; null where whoever has the code may use it. */
  verifier: Buffer | null;
  /** How the session that it opens was earned; `code` where null. */
  signed_in_by: string | null;
}

/** Addresses from which an account signed in lately: others' failures do not slow it there. */
export interface KnownPlaceTable {
  account_id: string;
  place: string;
  last_at: Time;
}

/** Second factor: the secret is sealed; of each time step one code is taken once. */
export interface TotpTable {
  account_id: string;
  sealed: Buffer;
  /** Null until the first right code showed that the secret arrived. */
  confirmed_at: OptionalTime;
  last_step: Generated<number>;
  created_at: Generated<Date>;
}

export interface RecoveryCodeTable {
  hash: Buffer;
  account_id: string;
}

export interface PasskeyTable {
  /** Credential id, base64url. */
  id: string;
  account_id: string;
  name: string;
  public_key: Buffer;
  counter: number;
  transports: string[];
  created_at: Generated<Date>;
  last_used_at: OptionalTime;
}

/** A provider's settings; what of it is secret is sealed apart. */
export interface IdentityProviderTable {
  name: string;
  kind: "oidc" | "ldap";
  enabled: Generated<boolean>;
  config: JSONColumnType<Record<string, unknown>>;
  sealed: Buffer | null;
  revision: Generated<number>;
  changed_at: Generated<Date>;
}

/** What was used and may never be used again, until it would have ended by itself. */
export interface UsedOnceTable {
  hash: Buffer;
  expires_at: Time;
}

/** Tables of the identity room. */
export interface IdentityTables {
  account: AccountTable;
  account_group: AccountGroupTable;
  membership: MembershipTable;
  token: TokenTable;
  sign_in_code: SignInCodeTable;
  known_place: KnownPlaceTable;
  totp: TotpTable;
  recovery_code: RecoveryCodeTable;
  passkey: PasskeyTable;
  identity_provider: IdentityProviderTable;
  used_once: UsedOnceTable;
}
