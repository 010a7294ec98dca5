import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { PolyvisorError } from "@polyvisor/model";
import { Client, InvalidCredentialsError, ResultCodeError, type Entry } from "ldapts";
import type { Vouched } from "./externalAccounts.ts";
import { filterOf } from "./ldapFilter.ts";
import { isLocal, ProviderUnreachable, unreachable } from "./providerFetch.ts";
import { mappedGroups, type LdapSettings, type TrialStep } from "./providerSettings.ts";

/** Ids that are bytes (Active Directory): as text two of them could look the same. */
const binaryAttributes = new Set(["objectguid", "objectsid"]);

/** A person's entry as far as it matters. */
interface Person {
  dn: string;
  id: string;
  name: string;
  displayName: string;
}

/** An LDAP directory: finds the person's entry, then signs in as it. Referrals are refused: they could lead anywhere. */
export class LdapDirectory {
  readonly #name: string;
  readonly #settings: LdapSettings;
  readonly #secret: string | undefined;
  readonly #deadlineMs: number;

  constructor(name: string, settings: LdapSettings, secret: string | undefined, deadlineMs: number) {
    this.#name = name;
    this.#settings = settings;
    this.#secret = secret;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Who has this name and pass phrase; undefined for nobody, after as much work as for somebody.
   * @throws PolyvisorError `identityProviderFailed` when the directory does not answer, or answers what it must not
   */
  async signIn(name: string, passPhrase: string): Promise<Vouched | undefined> {
    // A bind without a pass phrase succeeds for anyone: it is anonymous (RFC 4513, section 5.1.2).
    if (passPhrase === "" || name === "" || name.includes("\0")) return undefined;
    return this.#connected(async (session) => {
      const person = await this.#find(session, name);
      // For a name that is unknown a bind that cannot succeed: neither the answer nor the time tells.
      if (!(await this.#bind(session, person?.dn ?? `cn=nobody-here,${this.#settings.baseDn}`, passPhrase)) || !person) return undefined;
      const groups = await this.#groups(session, person);
      const { create } = this.#settings;
      return {
        provider: this.#name,
        source: "ldap",
        externalId: person.id,
        name: person.name,
        displayName: person.displayName,
        groups: mappedGroups(this.#settings.groups, groups),
        create,
      };
    });
  }

  /** @returns whether the directory takes the pass phrase */
  async #bind(session: Client, dn: string, passPhrase: string): Promise<boolean> {
    try {
      await session.bind(dn, passPhrase);
      return true;
    } catch (error) {
      if (error instanceof InvalidCredentialsError || (error instanceof ResultCodeError && [32, 34, 48, 53].includes(error.code))) return false;
      throw error;
    }
  }

  async #service(session: Client): Promise<void> {
    const { bindDn } = this.#settings;
    if (bindDn !== undefined && !(await this.#bind(session, bindDn, this.#secret ?? "")))
      throw new ProviderUnreachable(`the directory refuses the account ${bindDn} by which it is searched`, "Correct --bind-dn and --secret.");
  }

  async #find(session: Client, name: string): Promise<Person | undefined> {
    const { baseDn, userFilter, idAttribute, nameAttribute, displayNameAttribute } = this.#settings;
    await this.#service(session);
    const entries = await this.#search(session, baseDn, filterOf(userFilter, { name }), [idAttribute, nameAttribute, displayNameAttribute], 2);
    if (entries.length > 1) throw new ProviderUnreachable("the directory has several people of this name", "Make --user-filter fit one entry only.");
    const [entry] = entries;
    if (!entry) return undefined;
    const id = textOf(entry, idAttribute);
    if (id === undefined)
      throw new ProviderUnreachable(`the person's entry has no ${idAttribute}`, "Name an attribute that every person has for life with --id-attribute.");
    return { dn: entry.dn, id, name: textOf(entry, nameAttribute) ?? name, displayName: textOf(entry, displayNameAttribute) ?? "" };
  }

  async #groups(session: Client, person: Person): Promise<string[]> {
    const { groupBaseDn, groupFilter, groupAttribute, bindDn } = this.#settings;
    if (groupBaseDn === undefined) return [];
    if (bindDn !== undefined) await this.#service(session); // a person need not be allowed to read groups
    const filter = filterOf(groupFilter, { dn: person.dn, name: person.name });
    const entries = await this.#search(session, groupBaseDn, filter, [groupAttribute], 1_000);
    return entries.flatMap((entry) => [entry.dn, textOf(entry, groupAttribute) ?? entry.dn]);
  }

  async #search(session: Client, base: string, filter: string, attributes: string[], sizeLimit: number): Promise<Entry[]> {
    const { searchEntries, searchReferences } = await session.search(base, {
      scope: "sub",
      derefAliases: "never",
      filter,
      attributes,
      explicitBufferAttributes: attributes.filter((each) => binaryAttributes.has(each.toLowerCase())),
      sizeLimit,
      timeLimit: Math.ceil(this.#deadlineMs / 1000),
    });
    if (searchEntries.length === 0 && searchReferences.length > 0)
      throw new ProviderUnreachable("the directory refers to another server, which is not followed", "Give the URL of the server that has the people.");
    return searchEntries;
  }

  /** Runs with a connection to the first server that answers; nothing goes over it in the clear. */
  async #connected<T>(work: (session: Client) => Promise<T>): Promise<T> {
    let last: unknown;
    for (const address of this.#settings.urls) {
      const { session, end } = this.#open(new URL(address));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () =>
            reject(new ProviderUnreachable(`${new URL(address).host} did not answer within ${this.#deadlineMs / 1000} s`, "Look at the directory's server.")),
          this.#deadlineMs,
        );
      });
      try {
        const secured = this.#settings.startTls ? session.startTLS(this.#tls(new URL(address))) : Promise.resolve();
        return await Promise.race([secured.then(() => work(session)), late]);
      } catch (error) {
        if (error instanceof PolyvisorError) throw error;
        last = error instanceof ProviderUnreachable || error instanceof ResultCodeError ? error : unreachable(new URL(address), error);
        if (error instanceof ResultCodeError) break; // it answered: another would say the same
      } finally {
        clearTimeout(timer);
        end();
      }
    }
    throw this.#problem(last);
  }

  #tls(url: URL): ConnectionOptions {
    const { ca } = this.#settings;
    const host = url.hostname.replace(/^\[|\]$/g, "");
    return { host, servername: /^[\d.]+$|:/.test(host) ? "" : host, ...(ca === undefined ? {} : { ca }) };
  }

  /** The library connects anew by itself when a connection breaks, and that one would not be encrypted by StartTLS: so each has one only. */
  #open(url: URL): { session: Client; end: () => void } {
    let socket: Socket | undefined;
    let over = false;
    const once = <T extends Socket>(make: () => T): T => {
      if (over || socket !== undefined) throw new ProviderUnreachable(`${url.host} closed the connection`, "Look at the directory's log.");
      const made = make();
      socket = made;
      return made;
    };
    const session = new Client({
      url: url.href,
      timeout: this.#deadlineMs,
      connectTimeout: this.#deadlineMs,
      strictDN: false,
      // With these the library takes any URL for one that is encrypted from the start.
      ...(url.protocol === "ldaps:" ? { tlsOptions: this.#tls(url) } : {}),
      createConnection: ((...args: Parameters<typeof connect>) => once(() => connect(...args))) as typeof connect,
      createSecureConnection: ((...args: Parameters<typeof connectTls>) =>
        url.protocol === "ldaps:" ? once(() => connectTls(...args)) : (socket = connectTls(...args))) as typeof connectTls,
    });
    const end = (): void => {
      over = true;
      socket?.on("error", () => undefined).destroy();
    };
    return { session, end };
  }

  /** Whether the settings work, and with a person's name whether that one is found. */
  async trial(name?: string): Promise<TrialStep[]> {
    const steps: TrialStep[] = [];
    const step = async <T>(what: string, work: () => Promise<{ detail: string; value: T }>): Promise<T> => {
      try {
        const { detail, value } = await work();
        steps.push({ what, ok: true, detail });
        return value;
      } catch (error) {
        const found = error instanceof ProviderUnreachable || error instanceof ResultCodeError ? error : unreachable(new URL(this.#settings.urls[0]!), error);
        const { detail, remedy } = this.#problem(found);
        steps.push({ what, ok: false, detail, remedy });
        throw new PolyvisorError("identityProviderFailed", { detail });
      }
    };
    const { bindDn, baseDn, groupBaseDn } = this.#settings;
    let reached = false;
    try {
      await this.#connected(async (session) => {
        // The connection is made by the first thing that is asked; what the directory says to it does not matter.
        await session.search("", { scope: "base", filter: "(objectClass=*)", attributes: ["1.1"] }).catch((error: unknown) => {
          if (!(error instanceof ResultCodeError)) throw error;
        });
        reached = true;
        steps.push({ what: "connection", ok: true, detail: `encrypted to ${this.#settings.urls.join(" or ")}` });
        await step("account", async () => ({
          detail: bindDn === undefined ? "searched without an account" : `signed in as ${bindDn}`,
          value: await this.#service(session),
        }));
        await step("people", async () => {
          await session.search(baseDn, { scope: "base", filter: "(objectClass=*)", attributes: ["1.1"], sizeLimit: 1 });
          return { detail: `${baseDn} is there`, value: undefined };
        });
        if (groupBaseDn !== undefined)
          await step("groups", async () => {
            await session.search(groupBaseDn, { scope: "base", filter: "(objectClass=*)", attributes: ["1.1"], sizeLimit: 1 });
            return { detail: `${groupBaseDn} is there`, value: undefined };
          });
        if (name === undefined) return;
        const person = await step("person", async () => {
          const found = await this.#find(session, name);
          if (!found) throw new ProviderUnreachable(`no entry fits ${filterOf(this.#settings.userFilter, { name })}`, "Correct --base-dn or --user-filter.");
          return { detail: `${found.dn}, known for life as ${found.id}`, value: found };
        });
        await step("memberships", async () => {
          const groups = await this.#groups(session, person);
          const mapped = mappedGroups(this.#settings.groups, groups);
          return { detail: `${groups.length === 0 ? "in no group there" : groups.join(", ")}; here in ${mapped.join(", ") || "no group"}`, value: undefined };
        });
      });
    } catch (error) {
      if (!reached) {
        const { detail, remedy } = this.#problem(error);
        steps.push({ what: "connection", ok: false, detail, remedy });
      }
    }
    return steps;
  }

  #problem(error: unknown): PolyvisorError {
    if (error instanceof PolyvisorError) return error;
    const at = `the directory ${this.#name}`;
    if (error instanceof ProviderUnreachable)
      return new PolyvisorError("identityProviderFailed", { detail: `${at}: ${error.message}`, remedy: error.remedy, cause: error });
    if (error instanceof ResultCodeError) {
      const remedies: Record<number, string> = {
        10: "The directory refers to another server, which is not followed: give the URL of the one that has the people.",
        13: "The directory wants an encrypted connection: use ldaps:// or --start-tls.",
        32: "Correct --base-dn or --group-base-dn: the directory has no such entry, or does not show it to this account.",
        50: "Let the account of --bind-dn read people and groups.",
      };
      const remedy = remedies[error.code];
      return new PolyvisorError("identityProviderFailed", {
        detail: `${at} answers with LDAP result ${error.code} (${error.name.replace(/Error$/, "")})`,
        ...(remedy === undefined ? {} : { remedy }),
        cause: error,
      });
    }
    return new PolyvisorError("identityProviderFailed", { detail: `${at} could not be asked`, cause: error });
  }
}

function textOf(entry: Entry, attribute: string): string | undefined {
  const key = Object.keys(entry).find((each) => each.toLowerCase() === attribute.toLowerCase());
  const value = key === undefined ? undefined : entry[key];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const text = Buffer.isBuffer(first) ? first.toString("base64") : first;
  return typeof text === "string" && text !== "" ? text.slice(0, 1024) : undefined;
}

/** Whether a URL's connection is encrypted, or does not leave this machine. */
export const isSafeLdap = (address: string, startTls: boolean): boolean => address.startsWith("ldaps://") || startTls || isLocal(new URL(address));
