import { PolyvisorError } from "@polyvisor/model";
import { isAdministrator } from "../../identity/administrators.ts";
import type { Handlers, Services } from "../handler.ts";
import { administratorsOnly } from "./accountHandlers.ts";
import { fromOf } from "./signInHandlers.ts";

type Mine =
  | "sessionCreate"
  | "sessionList"
  | "sessionRevoke"
  | "sessionDelete"
  | "signInCodeCreate"
  | "accountGet"
  | "accountPassPhrase"
  | "tokenList"
  | "tokenCreate"
  | "tokenDelete";

/** Signing in and out, sessions, pass phrase and tokens. */
export function identityHandlers({ identity, url }: Services): Pick<Handlers, Mine> {
  return {
    sessionCreate: ({ body, request }) => identity.signIn(body, fromOf(request)),
    async sessionList({ caller, query }) {
      if (query.account === undefined && query.all !== "true") return { items: await identity.tokens.sessions(caller, caller.accountId) };
      administratorsOnly(caller);
      const account = query.account === undefined ? undefined : (await identity.accounts.find(query.account)).id;
      return { items: await identity.tokens.sessions(caller, account) };
    },
    async sessionRevoke({ caller, params }) {
      await identity.tokens.revoke(params.id, isAdministrator(caller) ? undefined : caller.accountId, "session");
    },
    async sessionDelete({ caller }) {
      if (caller.use !== "session")
        throw new PolyvisorError("conflict", { detail: "you came in by an API token, which has no session to end", remedy: "To revoke the token delete it." });
      await identity.endSession(caller);
    },
    async signInCodeCreate({ caller }) {
      const { code, expiresAt } = await identity.makeCode(caller);
      // Behind the #: a browser keeps it to itself, so it stands in no log on the way.
      return { code, url: `${url()}/#sign-in=${code}`, expiresAt };
    },
    accountGet: ({ caller }) => identity.accounts.find(caller.accountId),
    accountPassPhrase: ({ caller, body }) => identity.setPassPhrase(caller, body.current, body.new),
    tokenList: async ({ caller }) => ({ items: await identity.tokens.list(caller.accountId) }),
    tokenCreate: ({ caller, body }) => identity.makeToken(caller, body),
    async tokenDelete({ caller, params }) {
      await identity.tokens.revoke(params.id, caller.accountId);
    },
  };
}
