import { openClient, session, type Account } from "./session.ts";
import { sha256 } from "./sha256.ts";

/** Where a sign-in in another window of the provider keeps what it needs to come back. */
const verifierKey = "polyvisor.signIn.verifier";
/** Where this device keeps what lets it sign in beside others' failures. */
const deviceKey = "polyvisor.signIn.device";

async function enter(way: object): Promise<void> {
  const { account, device } = (await openClient.call("sessionCreate", { body: { ...way, inCookie: true } as never })) as { account: Account; device?: string };
  if (device !== undefined) keep(localStorage, deviceKey, device);
  session.entered(account);
}

export interface PassPhraseSignIn {
  name: string;
  passPhrase: string;
  /** A directory; absent for an account of Polyvisor's own. */
  provider?: string | undefined;
  /** Code of the authenticator, or a recovery code. */
  secondFactor?: string | undefined;
}

/** By name and pass phrase. Rejects with `secondFactorNeeded` where a code is asked for too. */
export const signInByPassPhrase = (wish: PassPhraseSignIn): Promise<void> => enter({ ...wish, device: read(localStorage, deviceKey) });

/** By a one-time code, of a link or typed. */
export const signInByCode = (code: string): Promise<void> => enter({ code });

/** Whether this browser has passkeys for this page. They need HTTPS or localhost. */
export const hasPasskeys = (): boolean => typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential;

/** By a passkey. Rejects with a `NotAllowedError` where the person gave up. */
export async function signInByPasskey(): Promise<void> {
  const { options, handle } = await openClient.call("passkeySignIn");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON);
  const found = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  await enter({ passkey: found.toJSON(), handle });
}

/** Goes to an OpenID provider; the browser comes back to this very page with a code behind the `#`. */
export async function signInByProvider(name: string): Promise<void> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  keep(sessionStorage, verifierKey, verifier);
  const challenge = base64url(sha256(new TextEncoder().encode(verifier)));
  const { url } = await openClient.call("signInBegin", { params: { id: name }, body: { challenge, returnTo: location.pathname + location.search } });
  location.assign(url);
}

/** The code of a link or of a provider, taken out of the address so that it stays in no history. */
export function codeInAddress(): string | undefined {
  const code = /^#sign-in=([A-Za-z0-9-]{1,128})$/.exec(location.hash)?.[1];
  if (code !== undefined) history.replaceState(history.state, "", location.pathname + location.search);
  return code;
}

/** Uses the code that the address brought. */
export async function signInByAddress(code: string): Promise<void> {
  const verifier = read(sessionStorage, verifierKey);
  sessionStorage.removeItem(verifierKey);
  await enter({ code, ...(verifier === undefined ? {} : { verifier }) });
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

/** A browser may refuse to keep anything; then it is kept nowhere. */
function keep(where: Storage, key: string, value: string): void {
  try {
    where.setItem(key, value);
  } catch {
    // full or forbidden
  }
}
function read(where: Storage, key: string): string | undefined {
  try {
    return where.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}
