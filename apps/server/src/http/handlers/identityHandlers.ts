import { PolyvisorError } from "@polyvisor/model";
import { AccountGuard } from "../../access/accountGuard.ts";
import type { Handlers, Services } from "../handler.ts";
import { clearSessionCookie, isOwnPage, setSessionCookie } from "../sessionCookie.ts";
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
export function identityHandlers({ identity, access, url }: Services): Pick<Handlers, Mine> {
  const guard = new AccountGuard(access, identity);
  return {
    async sessionCreate({ body: { inCookie, ...way }, request, reply }) {
      if (inCookie === true && !isOwnPage(request))
        throw new PolyvisorError("forbidden", { detail: "only a page of this server's own is given a session to keep", where: "header Origin" });
      const signedIn = await identity.signIn(way, fromOf(request));
      if (inCookie !== true) return signedIn;
      setSessionCookie(request, reply, signedIn.token, signedIn.expiresAt);
      return { ...signedIn, token: "" };
    },
    async sessionList({ caller, viewer, query }) {
      if (query.account === undefined && query.all !== "true") return { items: await identity.tokens.sessions(caller, caller.accountId) };
      viewer.must("account.administer");
      const account = query.account === undefined ? undefined : (await identity.accounts.find(query.account)).id;
      return { items: await identity.tokens.sessions(caller, account) };
    },
    async sessionRevoke({ caller, viewer, params }) {
      const owner = viewer.may("account.administer") ? await identity.tokens.ownerOf(params.id) : undefined;
      if (owner !== undefined && owner !== caller.accountId) await guard.account(viewer, owner);
      await identity.tokens.revoke(params.id, owner ?? caller.accountId, "session");
    },
    async sessionDelete({ caller, request, reply }) {
      if (caller.use !== "session")
        throw new PolyvisorError("conflict", { detail: "you came in by an API token, which has no session to end", remedy: "To revoke the token delete it." });
      await identity.endSession(caller);
      clearSessionCookie(request, reply);
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
