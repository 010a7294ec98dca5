import { PolyvisorError } from "@polyvisor/model";
import type { ExternalAccounts } from "./externalAccounts.ts";
import type { Handles } from "./handles.ts";
import type { IdentityProviders } from "./identityProviders.ts";
import type { OidcFlow } from "./oidcProvider.ts";
import type { OidcSettings } from "./providerSettings.ts";
import type { SignInCodes } from "./signInCodes.ts";

const flowMs = 10 * 60_000;
/** Below the API's base path. */
export const callbackPath = "/api/v1/sign-in/oidc/callback";

interface State {
  provider: string;
  revision: number;
  /** SHA-256 of what only the program that began it knows, base64url. */
  challenge: string;
  returnTo?: string | undefined;
  flow: OidcFlow;
}

/** How it ends: a code for the program that began, which the browser carries there or a person types. */
export interface BrowserEnd {
  code: string;
  returnTo?: string | undefined;
  /** Who came in, and who vouched for it. */
  accountId: string;
  provider: string;
}

/**
 * Sign-in by an OpenID provider. The program that begins it gives the hash of a secret of its own, and what the browser
 * brings back is a one-time code that only this program can use: neither a link that somebody sends nor a code that
 * somebody reads brings another person's session to them.
 */
export class BrowserSignIn {
  readonly #providers: IdentityProviders;
  readonly #external: ExternalAccounts;
  readonly #codes: SignInCodes;
  readonly #handles: Handles;

  constructor(providers: IdentityProviders, external: ExternalAccounts, codes: SignInCodes, handles: Handles) {
    this.#providers = providers;
    this.#external = external;
    this.#codes = codes;
    this.#handles = handles;
  }

  /** Where the browser shall go. @throws PolyvisorError `notFound`, `badRequest` for a place to return to that is not this machine's or this server's */
  async begin(name: string, { challenge, returnTo }: { challenge: string; returnTo?: string | undefined }, serverUrl: string): Promise<string> {
    if (returnTo !== undefined && !isOwnPlace(returnTo))
      throw new PolyvisorError("badRequest", {
        detail: "the browser may return to this server (/PATH) or to a program on the person's machine (http://127.0.0.1:PORT/…) only",
        where: "/returnTo",
      });
    const { provider, settings, revision } = await this.#providers.oidc(name);
    const url = await provider.begin(redirectUri(settings, serverUrl), (flow) => {
      const state: State = { provider: name, revision, challenge, returnTo, flow };
      return this.#handles.make("oidc", state, flowMs);
    });
    return url.href;
  }

  /** The browser is back. @throws PolyvisorError `wrongCredentials` for a state that is forged, used or over, `identityProviderFailed`, `forbidden` */
  async finish(query: URLSearchParams): Promise<BrowserEnd> {
    const state = await this.#handles.take<State>("oidc", query.get("state") ?? "");
    const found = state && (await this.#providers.oidc(state.provider));
    if (!found || found.revision !== state.revision)
      throw new PolyvisorError("wrongCredentials", {
        detail: "this sign-in was not begun here, was finished already, or took longer than 10 minutes",
        remedy: "Begin again.",
      });
    const vouched = await found.provider.finish(query, state.flow);
    const accountId = await this.#external.enter(vouched);
    const { code } = await this.#codes.make(accountId, { verifier: Buffer.from(state.challenge, "base64url"), by: `oidc:${state.provider}` });
    return { code, returnTo: state.returnTo, accountId, provider: state.provider };
  }
}

/** What the provider must allow for the client. */
export const redirectUri = (settings: OidcSettings, serverUrl: string): string => new URL(callbackPath, settings.serverUrl ?? serverUrl).href;

/** A path of this server, or a program that listens on the person's own machine (RFC 8252, section 7.3). */
function isOwnPlace(text: string): boolean {
  if (/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return !text.includes("\\") && !text.includes("#");
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname) && url.port !== "" && url.username === "" && url.hash === "";
}
