import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How it lies, stalls or breaks at the next requests. */
export interface OpenidLies {
  /** Claims that replace the right ones; undefined leaves one out. */
  claims?: Record<string, unknown>;
  /** Header of the ID token in place of the right one. */
  header?: Record<string, unknown>;
  /** By what it is signed: the provider's key, another's, nothing, or the public key as if it were a shared secret. */
  signedBy?: "key" | "other" | "nothing" | "public key" | "client secret";
  /** Fields of the discovery document that are replaced. */
  discovery?: Record<string, unknown>;
  userinfo?: Record<string, unknown>;
  /** What is done instead of an answer, at a path. */
  instead?: { at: string; answer: (response: ServerResponse) => void };
}

/** An OpenID provider that can lie about everything; for tests. */
export interface LyingOpenid {
  issuer: string;
  lies: OpenidLies;
  /** The nonce that the next ID token carries. */
  nonce: string;
  close(): Promise<void>;
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export async function startLyingOpenid(clientSecret: string): Promise<LyingOpenid> {
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lab: LyingOpenid = {
    issuer,
    lies: {},
    nonce: "",
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  function idToken(): string {
    const { claims, header, signedBy = "key" } = lab.lies;
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: issuer, aud: "polyvisor", sub: "u1", iat: now, exp: now + 300, nonce: lab.nonce, preferred_username: "liar", groups: [], ...claims };
    const text = `${part({ alg: "RS256", kid: "one", ...header })}.${part(payload)}`;
    const secret = signedBy === "client secret" ? clientSecret : key.publicKey.export({ type: "spki", format: "pem" });
    const signature =
      signedBy === "nothing"
        ? ""
        : signedBy === "key" || signedBy === "other"
          ? sign("sha256", Buffer.from(text), (signedBy === "key" ? key : other).privateKey).toString("base64url")
          : createHmac("sha256", secret).update(text).digest("base64url");
    return `${text}.${signature}`;
  }

  server.on("request", (request, response) => {
    const path = new URL(request.url!, issuer).pathname;
    const { instead, discovery, userinfo } = lab.lies;
    if (instead?.at === path) return instead.answer(response);
    const answers: Record<string, () => unknown> = {
      "/.well-known/openid-configuration": () => ({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/me`,
        code_challenge_methods_supported: ["S256"],
        id_token_signing_alg_values_supported: ["RS256", "none", "HS256"],
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        ...discovery,
      }),
      "/jwks": () => ({ keys: [{ ...key.publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" }] }),
      "/token": () => ({ access_token: "access", token_type: "Bearer", expires_in: 300, id_token: idToken() }),
      "/me": () => ({ sub: "u1", preferred_username: "liar", groups: [], ...userinfo }),
    };
    const answer = answers[path];
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(answer?.() ?? {}));
  });
  return lab;
}
