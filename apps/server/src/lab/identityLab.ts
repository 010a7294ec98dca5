import { rm } from "node:fs/promises";
import { PolyvisorError } from "@polyvisor/model";
import { pino } from "pino";
import { Identity, type IdentityOptions } from "../identity/identity.ts";
import { openSecretBox, type SecretBox } from "../identity/secretBox.ts";
import type { From } from "../identity/signInThrottle.ts";
import type { SignedIn } from "../identity/signIn.ts";
import type { Caller } from "../identity/tokenCache.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { makeDataFolder } from "./labServer.ts";

/** The identity room over a database of its own, without HTTP; for tests. */
export interface IdentityLab {
  folder: string;
  store: Store;
  secrets: SecretBox;
  identity: Identity;
  /** This machine's command line. */
  admin: Caller;
  localToken: string;
  /** All that was logged, as text. */
  logged(): string;
  /** Another server on the same database. */
  another(options?: IdentityOptions): Promise<Identity>;
  /** A new account, and a session of it. */
  person(name: string): Promise<{ id: string; session: SignedIn; caller: Caller }>;
  close(): Promise<void>;
}

export async function openIdentityLab(options: IdentityOptions = {}): Promise<IdentityLab> {
  const folder = await makeDataFolder();
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const store = await openStore({ kind: "private", dataFolder: folder }, pino({ level: "silent" }));
  const secrets = await openSecretBox(folder);
  const opened: Identity[] = [];
  const another = async (more: IdentityOptions = options): Promise<Identity> => {
    const made = await Identity.open(store, log, secrets, more);
    opened.push(made);
    return made;
  };
  const identity = await another();
  const localToken = await identity.makeLocalToken("test");
  const admin = await identity.caller(localToken);
  return {
    folder,
    store,
    secrets,
    identity,
    admin,
    localToken,
    another,
    logged: () => lines.join(""),
    async person(name) {
      const { id } = await identity.accounts.create(admin, { name });
      const session = await identity.signIn({ code: (await identity.codes.make(id)).code }, anywhere());
      return { id, session, caller: await identity.caller(session.token) };
    },
    async close() {
      for (const each of opened) await each.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

let places = 0;
/** An address that nothing came from before, so that no limit decides. */
export const anywhere = (): From => ({ address: `10.${++places >> 16}.${(places >> 8) & 255}.${places & 255}` });

/** The code of the error that a promise rejects with; `none` when it does not. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error instanceof PolyvisorError ? error.code : `not ours: ${String(error)}`),
  );
