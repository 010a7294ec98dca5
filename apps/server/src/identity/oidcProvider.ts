import { PolyvisorError } from "@polyvisor/model";
import * as client from "openid-client";
import type { Vouched } from "./externalAccounts.ts";
import { isLocal, providerFetch, ProviderUnreachable } from "./providerFetch.ts";
import { mappedGroups, type OidcSettings, type TrialStep } from "./providerSettings.ts";

/** What one sign-in remembers until the browser comes back. */
export interface OidcFlow {
  nonce: string;
  pkce: string;
  redirectUri: string;
}

const discoveredMs = 10 * 60_000;

/** An OpenID provider: the code flow with PKCE, state and nonce; the ID token's signature is always checked. */
export class OidcProvider {
  readonly #name: string;
  readonly #settings: OidcSettings;
  readonly #secret: string | undefined;
  readonly #deadlineMs: number;
  #discovered: { at: number; config: Promise<client.Configuration> } | undefined;

  constructor(name: string, settings: OidcSettings, secret: string | undefined, deadlineMs: number) {
    this.#name = name;
    this.#settings = settings;
    this.#secret = secret;
    this.#deadlineMs = deadlineMs;
  }

  #config(): Promise<client.Configuration> {
    if (!this.#discovered || Date.now() - this.#discovered.at > discoveredMs) {
      const config = this.#discover();
      this.#discovered = { at: Date.now(), config };
      config.catch(() => (this.#discovered = undefined)); // a failure is not kept: the next one asks again
    }
    return this.#discovered.config;
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, ca } = this.#settings;
    const url = new URL(issuer);
    return client.discovery(url, clientId, {}, this.#secret === undefined ? client.None() : client.ClientSecretBasic(this.#secret), {
      [client.customFetch]: providerFetch({ ca, deadlineMs: this.#deadlineMs }) as client.CustomFetch,
      timeout: this.#deadlineMs / 1000,
      execute: [client.enableNonRepudiationChecks, ...(isLocal(url) ? [client.allowInsecureRequests] : [])],
    });
  }

  /** Where the browser goes, and what to remember. @throws PolyvisorError `identityProviderFailed` */
  async begin(redirectUri: string, state: (flow: OidcFlow) => string): Promise<URL> {
    const config = await this.#config().catch((error: unknown) => this.#fail(error));
    const flow: OidcFlow = { nonce: client.randomNonce(), pkce: client.randomPKCECodeVerifier(), redirectUri };
    return client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: this.#settings.scopes.join(" "),
      code_challenge: await client.calculatePKCECodeChallenge(flow.pkce),
      code_challenge_method: "S256",
      nonce: flow.nonce,
      state: state(flow),
    });
  }

  /**
   * Who came back.
   * @param query of the URL by which the browser came, with the state that was made for it
   * @throws PolyvisorError `identityProviderFailed`: the provider says no, lies, or does not answer
   */
  async finish(query: URLSearchParams, flow: OidcFlow): Promise<Vouched> {
    try {
      const config = await this.#config();
      const back = new URL(flow.redirectUri);
      back.search = query.toString();
      const tokens = await client.authorizationCodeGrant(config, back, {
        pkceCodeVerifier: flow.pkce,
        expectedNonce: flow.nonce,
        expectedState: query.get("state") ?? "", // opened and used up by the caller: that it is ours is known
        idTokenExpected: true,
      });
      const claims = tokens.claims()!;
      return this.#vouched(await this.#allClaims(config, claims, tokens.access_token), claims.sub);
    } catch (error) {
      return this.#fail(error);
    }
  }

  async #allClaims(config: client.Configuration, claims: client.IDToken, accessToken: string): Promise<Record<string, unknown>> {
    const { nameClaim, groupsClaim } = this.#settings;
    const complete = claimAt(claims, nameClaim) !== undefined && (groupsClaim === undefined || claimAt(claims, groupsClaim) !== undefined);
    if (complete || config.serverMetadata().userinfo_endpoint === undefined) return claims;
    // Asked for the subject of the ID token: an answer about another is refused.
    return { ...(await client.fetchUserInfo(config, accessToken, claims.sub)), ...claims };
  }

  #vouched(claims: Record<string, unknown>, sub: string): Vouched {
    const { nameClaim, displayNameClaim, groupsClaim, groups, create } = this.#settings;
    const text = (claim: string): string | undefined => {
      const value = claimAt(claims, claim);
      return typeof value === "string" && value !== "" ? value.slice(0, 255) : undefined;
    };
    const said = groupsClaim === undefined ? [] : claimAt(claims, groupsClaim);
    const values = (Array.isArray(said) ? said : [said]).filter((each): each is string => typeof each === "string" && each.length <= 1024).slice(0, 1_000);
    return {
      provider: this.#name,
      source: "oidc",
      externalId: sub,
      name: text(nameClaim) ?? text("email") ?? sub,
      displayName: text(displayNameClaim) ?? text(nameClaim) ?? "",
      groups: mappedGroups(groups, values),
      create,
    };
  }

  /** Whether the settings work as far as that can be seen without a person. */
  async trial(redirectUri: string): Promise<TrialStep[]> {
    const steps: TrialStep[] = [];
    try {
      const config = await this.#discover();
      const { issuer, jwks_uri, authorization_endpoint, code_challenge_methods_supported, scopes_supported } = config.serverMetadata();
      steps.push({ what: "discovery", ok: true, detail: `${issuer} describes itself` });
      const wants = (what: string, ok: boolean, detail: string, remedy: string): void => void steps.push({ what, ok, detail, ...(ok ? {} : { remedy }) });
      wants("sign-in page", authorization_endpoint !== undefined, authorization_endpoint ?? "none is named", "Check that the issuer is an OpenID provider.");
      const pkce = code_challenge_methods_supported?.includes("S256") === true;
      wants(
        "PKCE",
        pkce,
        pkce ? "S256 is supported" : "the provider does not say that it supports S256",
        "Switch PKCE with S256 on for this client there, if it can.",
      );
      const missing = this.#settings.scopes.filter((scope) => scopes_supported !== undefined && !scopes_supported.includes(scope));
      wants(
        "scopes",
        missing.length === 0,
        missing.length === 0 ? this.#settings.scopes.join(" ") : `${missing.join(" ")} is not offered`,
        "Leave it out, or let the provider offer it.",
      );
      const keys = jwks_uri === undefined ? undefined : await this.#keys(jwks_uri);
      wants(
        "keys",
        (keys ?? 0) > 0,
        keys === undefined ? "the provider names no keys" : `${keys} keys to check signatures by`,
        "Check the provider's settings for signing.",
      );
      steps.push({ what: "redirect URI", ok: true, detail: `${redirectUri} must be allowed for the client ${this.#settings.clientId} there` });
    } catch (error) {
      const { detail, remedy } = this.#problem(error);
      steps.push({ what: "discovery", ok: false, detail, remedy });
    }
    return steps;
  }

  async #keys(jwksUri: string): Promise<number> {
    const answer = await providerFetch({ ca: this.#settings.ca, deadlineMs: this.#deadlineMs })(jwksUri);
    const { keys } = (await answer.json()) as { keys?: unknown };
    return Array.isArray(keys) ? keys.length : 0;
  }

  #fail(error: unknown): never {
    throw this.#problem(error);
  }

  #problem(error: unknown): PolyvisorError {
    if (error instanceof PolyvisorError) return error;
    const at = `the identity provider ${this.#name}`;
    for (let each: unknown = error; each instanceof Error; each = each.cause)
      if (each instanceof ProviderUnreachable)
        return new PolyvisorError("identityProviderFailed", { detail: `${at}: ${each.message}`, remedy: each.remedy, cause: error });
    const wrongClient = "Correct the client's id and secret: polyvisor identity-provider set.";
    if (error instanceof client.WWWAuthenticateChallengeError)
      return new PolyvisorError("identityProviderFailed", { detail: `${at} refuses this server as its client`, remedy: wrongClient, cause: error });
    if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
      const said = /^[a-z_]{1,64}$/.test(error.error) ? error.error : "an error";
      return new PolyvisorError("identityProviderFailed", {
        detail: `${at} says ${said}`,
        ...(said === "invalid_client" ? { remedy: wrongClient } : {}),
        cause: error,
      });
    }
    return new PolyvisorError("identityProviderFailed", { detail: `${at} gave an answer that does not hold: ${reasonOf(error)}`, cause: error });
  }
}

/** What the library found wrong, by its code: its messages may repeat what the provider sent. */
function reasonOf(error: unknown): string {
  const codes: Record<string, string> = {
    OAUTH_TIMEOUT: "it came too late",
    OAUTH_JWT_CLAIM_COMPARISON_FAILED: "a claim of the ID token is not what was asked for (issuer, audience or nonce)",
    OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: "it is about another issuer or person",
    OAUTH_JWT_TIMESTAMP_CHECK_FAILED: "the ID token is over, or not valid yet",
    OAUTH_KEY_SELECTION_FAILED: "the ID token is signed by a key that is not the provider's",
    OAUTH_INVALID_RESPONSE: "the response or its signature is wrong",
    OAUTH_PARSE_ERROR: "it is not JSON",
    OAUTH_RESPONSE_IS_NOT_CONFORM: "the status is not one that the protocol has",
    OAUTH_RESPONSE_IS_NOT_JSON: "it is not JSON",
    OAUTH_UNSUPPORTED_OPERATION: "it uses an algorithm that is not safe or not known",
    OAUTH_INVALID_REQUEST: "the request would not have been safe (is a URL of the provider not https?)",
  };
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { code } = each as { code?: unknown };
    if (typeof code === "string" && Object.hasOwn(codes, code)) return codes[code]!;
  }
  return "it is not what OpenID Connect asks for";
}

/** A claim by its name, or by its path with dots (`realm_access.roles`). */
function claimAt(claims: Record<string, unknown>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
