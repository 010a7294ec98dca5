import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { PolyvisorError } from "@polyvisor/model";
import { AccountGuard } from "../../access/accountGuard.ts";
import { refuseNarrowed } from "../../identity/administrators.ts";
import { redirectUri } from "../../identity/browserSignIn.ts";
import { relyingParty } from "../../identity/passkeys.ts";
import type { From } from "../../identity/signInThrottle.ts";
import type { Caller } from "../../identity/tokenCache.ts";
import type { Handlers, RawAnswer, Services } from "../handler.ts";
import { codePage, failurePage } from "../landing.ts";
import { operatorError } from "../problem.ts";

type Mine =
  | "signInWays"
  | "signInBegin"
  | "signInCallback"
  | "passkeySignIn"
  | "passkeyList"
  | "passkeyBegin"
  | "passkeyAdd"
  | "passkeyRemove"
  | "totpBegin"
  | "totpConfirm"
  | "totpRemove"
  | "recoveryCodes"
  | "identityProviderList"
  | "identityProviderGet"
  | "identityProviderPut"
  | "identityProviderRemove"
  | "identityProviderTest";

/** Where a request comes from, as the throttle counts it. */
export const fromOf = ({ ip, headers, passedOn }: FastifyRequest): From => ({ address: ip, client: headers["user-agent"], passedOn });

const noStore = (reply: FastifyReply): FastifyReply => reply.header("cache-control", "no-store");

/** Second factors, passkeys, and identity providers. @param names by which this server is known */
export function signInHandlers({ identity, access, audit, url }: Services, names: readonly string[]): Pick<Handlers, Mine> {
  const { factors, passkeys, providers, browser, throttle } = identity;
  const guard = new AccountGuard(access, identity);
  const party = (request: FastifyRequest) => relyingParty(request.headers.origin, url(), names);
  /** For what makes or changes a credential of the caller's own. */
  const own = (caller: Caller): Caller => {
    refuseNarrowed(caller);
    return caller;
  };
  return {
    async signInWays() {
      return { providers: (await providers.list()).filter((each) => each.enabled).map(({ name, settings }) => ({ name, kind: settings.kind })) };
    },
    async signInBegin({ params, body, request, reply }) {
      await (await throttle.begin(fromOf(request))).right(); // refused where the address is
      noStore(reply);
      return { url: await browser.begin(params.id, body, url()) };
    },
    async signInCallback({ query, request, reply }) {
      noStore(reply);
      // A GET, which the audit log does not tell of by itself; and yet it is how somebody comes in.
      const visit = { action: "signInCallback", from: request.ip, request: request.id };
      const back = new URLSearchParams(Object.entries(query).flatMap(([name, value]) => [value].flat().map((each) => [name, each] as [string, string])));
      try {
        const { right } = await throttle.begin(fromOf(request));
        const { code, returnTo, accountId, provider } = await browser.finish(back);
        await right();
        const { name } = await identity.accounts.find(accountId);
        await audit.record({ ...visit, outcome: "done", by: name, details: { provider } });
        if (returnTo === undefined) return page(codePage(code));
        // Behind the # for a page of ours, which reads it there; a program that listens sees the query only.
        reply.redirect(returnTo.startsWith("/") ? `${returnTo}#sign-in=${code}` : withCode(returnTo, code), 303);
        return "sent";
      } catch (error) {
        // A person looks at this in a browser.
        const problem = operatorError(error);
        if (problem.code === "internal") throw error;
        audit.refused({ ...visit, outcome: problem.status >= 500 ? "failed" : "refused", code: problem.code });
        reply.code(problem.status);
        reply.type("text/html; charset=utf-8").send(failurePage(problem));
        return "sent";
      }
    },
    passkeySignIn: ({ request }) => passkeys.beginSignIn(party(request)).then(asRecord),
    passkeyList: async ({ caller }) => ({ items: await passkeys.list(caller.accountId) }),
    async passkeyBegin({ caller, request }) {
      return asRecord(await passkeys.beginRegistration(await identity.accounts.find(own(caller).accountId), party(request)));
    },
    passkeyAdd: ({ caller, body }) => passkeys.register(own(caller).accountId, body.name, body.handle, body.passkey),
    passkeyRemove: ({ caller, params }) => passkeys.remove(own(caller).accountId, params.id),
    async totpBegin({ caller, reply }) {
      noStore(reply);
      return factors.begin(own(caller).accountId, caller.account);
    },
    async totpConfirm({ caller, body, reply }) {
      noStore(reply);
      return { recoveryCodes: await factors.confirm(own(caller).accountId, body.code) };
    },
    async totpRemove({ caller, body }) {
      // On the server's own machine no code is needed: it is the way out for who lost the authenticator.
      if (body.code === undefined && caller.use !== "local")
        throw new PolyvisorError("badRequest", { detail: "a code of the authenticator or a recovery code is needed", where: "/code" });
      await factors.disable(own(caller).accountId, body.code);
    },
    async recoveryCodes({ caller, body, reply }) {
      noStore(reply);
      return { recoveryCodes: await factors.renew(own(caller).accountId, body.code) };
    },
    identityProviderList: async () => ({ items: await providers.list() }),
    identityProviderGet: ({ params }) => providers.find(params.id),
    async identityProviderPut({ viewer, params, body, ifRevision }) {
      await guard.provider(viewer, params.id, body.settings);
      const kept = await providers.put(params.id, body, ifRevision);
      await identity.changed(); // switched off, it ends what its accounts have open
      return kept;
    },
    async identityProviderRemove({ viewer, params, ifRevision }) {
      await guard.provider(viewer, params.id);
      await providers.remove(params.id, ifRevision);
      await identity.changed();
    },
    identityProviderTest: ({ params, body }) => providers.trial(params.id, (settings) => redirectUri(settings, url()), body.name),
  };
}

const asRecord = ({ options, handle }: { options: object; handle: string }) => ({ options: options as Record<string, unknown>, handle });
const page = (body: string | Readable): RawAnswer => ({ type: "text/html; charset=utf-8", body });

function withCode(returnTo: string, code: string): string {
  const url = new URL(returnTo);
  url.searchParams.set("code", code);
  return url.href;
}
