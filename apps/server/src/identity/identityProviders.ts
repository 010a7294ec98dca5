import { PolyvisorError } from "@polyvisor/model";
import { sql } from "kysely";
import type { Secrets } from "../controlPlane.ts";
import type { Store } from "../store/openStore.ts";
import { isSafeLdap, LdapDirectory } from "./ldapDirectory.ts";
import { OidcProvider } from "./oidcProvider.ts";
import { isLocal } from "./providerFetch.ts";
import type { LdapSettings, OidcSettings, ProviderSettings } from "./providerSettings.ts";
import { wantPresent } from "./rows.ts";

/** An identity provider as it is shown: never with its secret. */
export interface IdentityProvider {
  name: string;
  enabled: boolean;
  revision: number;
  changedAt: string;
  /** Whether a client secret or bind pass phrase is kept. */
  hasSecret: boolean;
  settings: ProviderSettings;
}

/** Longest that a provider may take for one answer. */
const deadlineMs = 10_000;
const context = (name: string): string => `identity provider:${name}`;

/** The site's identity providers: their settings, secrets sealed, and the connections made of them. */
export class IdentityProviders {
  readonly #store: Store;
  readonly #secrets: Secrets;
  readonly #deadlineMs: number;
  readonly #oidc = new Map<string, { revision: number; provider: OidcProvider }>();

  constructor(store: Store, secrets: Secrets, options: { deadlineMs?: number | undefined } = {}) {
    this.#store = store;
    this.#secrets = secrets;
    this.#deadlineMs = options.deadlineMs ?? deadlineMs;
  }

  async list(): Promise<IdentityProvider[]> {
    return (await this.#store.db.selectFrom("identity_provider").selectAll().orderBy("name").execute()).map(shown);
  }

  /** @throws PolyvisorError `notFound` */
  async find(name: string): Promise<IdentityProvider> {
    return shown(await this.#row(name));
  }

  async #row(name: string) {
    const row = await this.#store.db.selectFrom("identity_provider").selectAll().where("name", "=", name).executeTakeFirst();
    if (!row)
      throw new PolyvisorError("notFound", { detail: `there is no identity provider "${name}"`, remedy: "`polyvisor identity-provider list` shows them." });
    return row;
  }

  /**
   * Makes or replaces one. A secret that is left out is kept, save where the provider's address changes: it would be
   * sent to whoever was named.
   * @throws PolyvisorError `badRequest` for settings that are not safe, `changedMeanwhile`
   */
  async put(
    name: string,
    input: { enabled?: boolean | undefined; settings: ProviderSettings; secret?: string | undefined },
    ifRevision?: number,
  ): Promise<IdentityProvider> {
    checkSettings(input.settings);
    await this.#store.transaction(async (trx) => {
      const before = await trx.selectFrom("identity_provider").selectAll().where("name", "=", name).forUpdate().executeTakeFirst();
      wantPresent(`the identity provider ${name}`, before?.revision, ifRevision);
      const former = before && shown(before);
      if (former && former.settings.kind !== input.settings.kind)
        throw new PolyvisorError("conflict", {
          detail: `${name} is an ${former.settings.kind} provider; its accounts would be those of another`,
          remedy: "Remove it first, or choose another name.",
        });
      const sealed = this.#sealed(name, input, former, before?.sealed ?? null);
      const values = { name, kind: input.settings.kind, enabled: input.enabled ?? true, config: JSON.stringify(input.settings), sealed };
      await trx
        .insertInto("identity_provider")
        .values(values)
        .onConflict((on) => on.column("name").doUpdateSet({ ...values, revision: sql`identity_provider.revision + 1`, changed_at: new Date() }))
        .execute();
    });
    return this.find(name);
  }

  #sealed(
    name: string,
    input: { settings: ProviderSettings; secret?: string | undefined },
    former: IdentityProvider | undefined,
    kept: Buffer | null,
  ): Buffer | null {
    if (input.secret !== undefined) return input.secret === "" ? null : this.#secrets.seal(input.secret, context(name));
    if (kept !== null && former && trusted(former.settings) !== trusted(input.settings))
      throw new PolyvisorError("badRequest", {
        detail: "the provider's address or certificate authority changes, and its secret would go there",
        where: "/secret",
        remedy: "Give the secret again.",
      });
    return kept;
  }

  /** Removes it. Its accounts stay, and nobody comes in by them. @throws PolyvisorError `notFound`, `changedMeanwhile` */
  async remove(name: string, ifRevision?: number): Promise<void> {
    await this.#row(name);
    await this.#store.transaction(async (trx) => {
      const before = await trx.selectFrom("identity_provider").select("revision").where("name", "=", name).forUpdate().executeTakeFirst();
      wantPresent(`the identity provider ${name}`, before?.revision, ifRevision);
      await trx.deleteFrom("identity_provider").where("name", "=", name).execute();
      await trx.deleteFrom("membership").where("via", "=", name).execute();
      // A provider that gets this name later may give the same ids to others.
      await trx.updateTable("account").set({ external_id: null }).where("provider", "=", name).execute();
      const accounts = trx.selectFrom("account").select("id").where("provider", "=", name);
      await trx.deleteFrom("token").where("account_id", "in", accounts).where("use", "=", "session").execute();
    });
  }

  /** The OpenID provider of this name, where it is switched on. @throws PolyvisorError `notFound`, the same for one of another kind */
  async oidc(name: string): Promise<{ provider: OidcProvider; settings: OidcSettings; revision: number }> {
    const row = await this.#row(name);
    if (!row.enabled || row.kind !== "oidc") throw new PolyvisorError("notFound", { detail: `nobody signs in by "${name}" in a browser` });
    const settings = row.config as unknown as OidcSettings;
    const known = this.#oidc.get(name);
    if (known?.revision === row.revision) return { provider: known.provider, settings, revision: row.revision };
    const provider = new OidcProvider(name, settings, this.#secret(row), this.#deadlineMs);
    this.#oidc.set(name, { revision: row.revision, provider });
    return { provider, settings, revision: row.revision };
  }

  /** The directory of this name, where it is switched on; undefined where there is none. */
  async directory(name: string): Promise<LdapDirectory | undefined> {
    const row = await this.#store.db
      .selectFrom("identity_provider")
      .selectAll()
      .where("name", "=", name)
      .where("kind", "=", "ldap")
      .where("enabled", "=", true)
      .executeTakeFirst();
    return row && new LdapDirectory(name, row.config as unknown as LdapSettings, this.#secret(row), this.#deadlineMs);
  }

  /** Tries one out, on or off, and says of each step what is wrong and what to do. @param person a name to look for; directories only */
  async trial(name: string, redirectUri: (settings: OidcSettings) => string, person?: string) {
    const row = await this.#row(name);
    const settings = row.config as unknown as ProviderSettings;
    const steps =
      settings.kind === "oidc"
        ? await new OidcProvider(name, settings, this.#secret(row), this.#deadlineMs).trial(redirectUri(settings))
        : await new LdapDirectory(name, settings, this.#secret(row), this.#deadlineMs).trial(person);
    return { ok: steps.every((step) => step.ok), steps };
  }

  #secret(row: { name: string; sealed: Buffer | null }): string | undefined {
    return row.sealed === null ? undefined : this.#secrets.open(row.sealed, context(row.name));
  }
}

/** Whom a secret is sent to, and by what that one proves to be it. */
const trusted = (settings: ProviderSettings): string =>
  JSON.stringify(settings.kind === "oidc" ? [settings.issuer, settings.ca] : [settings.urls, settings.startTls, settings.ca]);

function checkSettings(settings: ProviderSettings): void {
  const refuse = (where: string, detail: string, remedy: string): never => {
    throw new PolyvisorError("badRequest", { detail, where, remedy });
  };
  if (settings.kind === "oidc") {
    const url = new URL(settings.issuer);
    if (url.protocol !== "https:" && !isLocal(url))
      refuse("/settings/issuer", "the issuer is not https", "Only a provider on this machine may be asked without encryption.");
    return;
  }
  for (const [i, address] of settings.urls.entries())
    if (!isSafeLdap(address, settings.startTls))
      refuse(`/settings/urls/${i}`, "pass phrases would cross the network in the clear", "Use ldaps://, or set startTls.");
  if (settings.startTls && settings.urls.some((address) => address.startsWith("ldaps://")))
    refuse("/settings/startTls", "ldaps:// is encrypted from the start", "Leave startTls out, or use ldap://.");
  if (!settings.userFilter.includes("{name}")) refuse("/settings/userFilter", "the filter does not have {name}", "Write it like (uid={name}).");
}

interface Row {
  name: string;
  enabled: boolean;
  revision: number;
  changed_at: Date;
  sealed: Buffer | null;
  config: unknown;
}

const shown = (row: Row): IdentityProvider => ({
  name: row.name,
  enabled: row.enabled,
  revision: row.revision,
  changedAt: row.changed_at.toISOString(),
  hasSecret: row.sealed !== null,
  settings: row.config as ProviderSettings,
});
