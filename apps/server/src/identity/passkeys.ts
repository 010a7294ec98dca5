import { PolyvisorError } from "@polyvisor/model";
import type { AuthenticationResponseJSON, AuthenticatorTransport, RegistrationResponseJSON } from "@simplewebauthn/server";
import type { Store } from "../store/openStore.ts";
import type { Handles } from "./handles.ts";

/** Loaded when the first passkey is used: most of what it brings (certificates of makers) is for few. */
const webAuthn = () => import("@simplewebauthn/server");

const ceremonyMs = 5 * 60_000;
const most = 32;

/** The name and origin by which a browser sees this server. */
export interface RelyingParty {
  /** RP id: the host name. */
  id: string;
  /** Scheme, host and port. */
  origin: string;
}

export interface Passkey {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt?: string | undefined;
}

interface Ceremony {
  challenge: string;
  party: RelyingParty;
  accountId?: string;
}

/** Passkeys (WebAuthn): registration, and sign-in without a name. */
export class Passkeys {
  readonly #store: Store;
  readonly #handles: Handles;

  constructor(store: Store, handles: Handles) {
    this.#store = store;
    this.#handles = handles;
  }

  /** What the browser's `navigator.credentials.create` is given. */
  async beginRegistration(account: { id: string; name: string; displayName: string }, party: RelyingParty): Promise<{ options: object; handle: string }> {
    const known = await this.#store.db.selectFrom("passkey").select(["id", "transports"]).where("account_id", "=", account.id).execute();
    if (known.length >= most) throw new PolyvisorError("conflict", { detail: `an account has at most ${most} passkeys`, remedy: "Remove one first." });
    const { generateRegistrationOptions } = await webAuthn();
    const options = await generateRegistrationOptions({
      rpName: "Polyvisor",
      rpID: party.id,
      userName: account.name,
      userID: new TextEncoder().encode(account.id),
      userDisplayName: account.displayName || account.name,
      attestationType: "none",
      timeout: ceremonyMs,
      excludeCredentials: known.map(({ id, transports }) => ({ id, transports: transports as AuthenticatorTransport[] })),
      // The key itself knows whose it is, and asks its owner for a PIN or finger: two factors in one.
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    });
    const ceremony: Ceremony = { challenge: options.challenge, party, accountId: account.id };
    return { options, handle: this.#handles.make("passkey registration", ceremony, ceremonyMs) };
  }

  /** @throws PolyvisorError `wrongCredentials` when anything of it is not right, `conflict` for a key that is known */
  async register(accountId: string, name: string, handle: string, response: object): Promise<Passkey> {
    const ceremony = await this.#handles.take<Ceremony>("passkey registration", handle);
    if (!ceremony || ceremony.accountId !== accountId) throw refused();
    const { verifyRegistrationResponse } = await webAuthn();
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: ceremony.challenge,
      expectedOrigin: ceremony.party.origin,
      expectedRPID: ceremony.party.id,
      requireUserVerification: true,
    }).catch(refuse);
    if (!verified) throw refused();
    const { credential } = registrationInfo;
    const row = await this.#store.db
      .insertInto("passkey")
      .values({
        id: credential.id,
        account_id: accountId,
        name,
        public_key: Buffer.from(credential.publicKey),
        counter: credential.counter,
        transports: (credential.transports ?? []).filter((each) => /^[a-z-]{1,16}$/.test(each)).slice(0, 8),
      })
      .onConflict((on) => on.doNothing())
      .returning("created_at")
      .executeTakeFirst();
    if (!row) throw new PolyvisorError("conflict", { detail: "this passkey is registered already" });
    return { id: credential.id, name, createdAt: row.created_at.toISOString() };
  }

  async list(accountId: string): Promise<Passkey[]> {
    const rows = await this.#store.db.selectFrom("passkey").selectAll().where("account_id", "=", accountId).orderBy("created_at").execute();
    return rows.map((row) => ({ id: row.id, name: row.name, createdAt: row.created_at.toISOString(), lastUsedAt: row.last_used_at?.toISOString() }));
  }

  /** @throws PolyvisorError `notFound` */
  async remove(accountId: string, id: string): Promise<void> {
    const row = await this.#store.db.deleteFrom("passkey").where("id", "=", id).where("account_id", "=", accountId).returning("id").executeTakeFirst();
    if (!row) throw new PolyvisorError("notFound", { detail: "you have no such passkey" });
  }

  /** What `navigator.credentials.get` is given: the same for everybody, so that it tells of no account. */
  async beginSignIn(party: RelyingParty): Promise<{ options: object; handle: string }> {
    const { generateAuthenticationOptions } = await webAuthn();
    const options = await generateAuthenticationOptions({ rpID: party.id, userVerification: "required", timeout: ceremonyMs });
    const ceremony: Ceremony = { challenge: options.challenge, party };
    return { options, handle: this.#handles.make("passkey sign-in", ceremony, ceremonyMs) };
  }

  /** Whose it is; undefined when anything is not right: a wrong key, challenge, origin, signature, or a counter that went back. */
  async signIn(handle: string, response: object): Promise<string | undefined> {
    const ceremony = await this.#handles.take<Ceremony>("passkey sign-in", handle);
    const { id } = response as { id?: unknown };
    if (!ceremony || typeof id !== "string") return undefined;
    const key = await this.#store.db
      .selectFrom("passkey")
      .innerJoin("account", "account.id", "passkey.account_id")
      .selectAll("passkey")
      .where("passkey.id", "=", id)
      .where("account.disabled", "=", false)
      .executeTakeFirst();
    if (!key) return undefined;
    const { verifyAuthenticationResponse } = await webAuthn();
    const checked = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: ceremony.challenge,
      expectedOrigin: ceremony.party.origin,
      expectedRPID: ceremony.party.id,
      credential: { id: key.id, publicKey: new Uint8Array(key.public_key), counter: key.counter },
      requireUserVerification: true,
    }).catch(() => undefined);
    if (!checked?.verified) return undefined;
    const { newCounter } = checked.authenticationInfo;
    const used = await this.#store.db
      .updateTable("passkey")
      .set({ counter: newCounter, last_used_at: new Date() })
      .where("id", "=", key.id)
      // A key that counts never shows a number twice; one that does not always shows 0 (WebAuthn, section 6.1.1).
      .where((eb) => (newCounter === 0 ? eb("counter", "=", 0) : eb("counter", "<", newCounter)))
      .returning("account_id")
      .executeTakeFirst();
    return used?.account_id;
  }
}

const refused = (cause?: unknown): PolyvisorError =>
  new PolyvisorError("wrongCredentials", {
    detail: "the passkey's answer is not right: it is for another request, another server, or took longer than 5 minutes",
    remedy: "Begin again.",
    cause,
  });
const refuse = (error: unknown): never => {
  throw refused(error);
};

/**
 * The relying party of a request: the origin that the browser names, where its host is a name of this server.
 * @throws PolyvisorError `badRequest` for an address, which has no passkeys, and `forbidden` for a foreign name
 */
export function relyingParty(origin: string | undefined, serverUrl: string, names: readonly string[]): RelyingParty {
  const own = new URL(serverUrl);
  if (/^(\[|127\.|\d+\.\d+\.\d+\.\d+$)/.test(own.hostname)) own.hostname = names[0] ?? "localhost";
  const seen = origin === undefined || !URL.canParse(origin) ? own : new URL(origin);
  const host = seen.hostname.toLowerCase();
  if (/^(\[|\d+\.\d+\.\d+\.\d+$)/.test(host))
    throw new PolyvisorError("badRequest", {
      detail: "browsers keep passkeys for names, not for addresses",
      remedy: "Open the server by its name; start it with --name NAME.",
    });
  if (host !== own.hostname && host !== "localhost" && !names.some((name) => name.toLowerCase() === host))
    throw new PolyvisorError("forbidden", { detail: "this server is not known by the name in the Origin header", remedy: "Start it with --name NAME." });
  return { id: host, origin: seen.origin };
}
