import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

/** A person that the provider knows. */
export interface ProviderPerson {
  sub: string;
  preferred_username: string;
  name: string;
  groups: string[];
}

/** `oidc-provider` on loopback: a certified OpenID provider that is not ours; for tests. */
export interface LabOpenid {
  issuer: string;
  clientId: string;
  clientSecret: string;
  people: Map<string, ProviderPerson>;
  /** Does what a person does in a browser from the sign-in URL on; ends at the first address that `stop` names. @returns it */
  walk(url: string, login: string, stop: string): Promise<URL>;
  close(): Promise<void>;
}

/** @param redirectUris of the server under test */
export async function startOpenidProvider(redirectUris: string[]): Promise<LabOpenid> {
  const server: Server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, ProviderPerson>();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "polyvisor",
        client_secret: "a secret of the client",
        redirect_uris: redirectUris,
        response_types: ["code"],
        grant_types: ["authorization_code"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email"] },
    findAccount: (_, sub) => {
      const person = people.get(sub);
      return person && { accountId: sub, claims: () => ({ ...person }) };
    },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
    cookies: { keys: ["only for this test"] },
  });
  server.on("request", provider.callback());

  /** One step of a browser: cookies are kept, redirections are told. */
  const browser = () => {
    const cookies = new Map<string, string>();
    return async (url: string, form?: Record<string, string>): Promise<{ next: string | undefined; text: string }> => {
      const answer = await fetch(url, {
        redirect: "manual",
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
        ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
      });
      for (const each of answer.headers.getSetCookie()) {
        const [pair = ""] = each.split(";");
        cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
      }
      const location = answer.headers.get("location");
      return { next: location === null ? undefined : new URL(location, url).href, text: await answer.text() };
    };
  };

  return {
    issuer,
    clientId: "polyvisor",
    clientSecret: "a secret of the client",
    people,
    async walk(url, login, stop) {
      const visit = browser();
      let at = url;
      for (let i = 0; i < 20; i++) {
        if (at.startsWith(stop)) return new URL(at);
        let { next, text } = await visit(at);
        if (next === undefined) {
          // The pages of the provider's own: first the login, then the consent.
          const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1];
          const action = /action="([^"]+)"/.exec(text)?.[1];
          if (prompt === undefined || action === undefined) throw new Error(`the provider shows: ${text.slice(0, 2000)}`);
          ({ next, text } = await visit(new URL(action, at).href, prompt === "login" ? { prompt, login, password: "any" } : { prompt }));
        }
        if (next === undefined) throw new Error(`the provider stops at: ${text.slice(0, 2000)}`);
        at = next;
      }
      throw new Error("the provider redirects for ever");
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
