import { PolyvisorError } from "@polyvisor/model";
import type { Handlers, Services } from "../handler.ts";

type Mine = "sessionCreate" | "sessionDelete" | "signInCodeCreate" | "accountGet" | "accountPassPhrase" | "tokenList" | "tokenCreate" | "tokenDelete";

/** Signing in and out, pass phrase and tokens. */
export function identityHandlers({ identity, url }: Services): Pick<Handlers, Mine> {
  return {
    sessionCreate: ({ body, request }) => identity.signIn(body, request.ip),
    async sessionDelete({ caller }) {
      if (caller.use !== "session")
        throw new PolyvisorError("conflict", { detail: "you came in by an API token, which has no session to end", remedy: "To revoke the token delete it." });
      await identity.endSession(caller);
    },
    async signInCodeCreate({ caller }) {
      const { code, expiresAt } = await identity.makeCode(caller.accountId);
      // Behind the #: a browser keeps it to itself, so it stands in no log on the way.
      return { code, url: `${url()}/#sign-in=${code}`, expiresAt };
    },
    accountGet: ({ caller }) => identity.account(caller.accountId),
    accountPassPhrase: ({ caller, body }) => identity.setPassPhrase(caller, body.current, body.new),
    tokenList: async ({ caller }) => ({ items: await identity.tokens(caller.accountId) }),
    tokenCreate: ({ caller, body }) => identity.makeToken(caller.accountId, body.name, body.expiresInSeconds),
    tokenDelete: ({ caller, params }) => identity.revoke(caller.accountId, params.id),
  };
}
