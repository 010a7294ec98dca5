import { createHash } from "node:crypto";
import { errorCatalogue, type ErrorCode, type PolyvisorError } from "@polyvisor/model";
import type { FastifyInstance } from "fastify";

const style =
  ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem;color:#151515;background:#fff}code,pre{background:#f2f2f2;border-radius:4px;padding:.1rem .3rem}pre{padding:.8rem;overflow:auto}a{color:#0066cc}@media(prefers-color-scheme:dark){body{color:#f0f0f0;background:#151515}code,pre{background:#292929}a{color:#92c5f9}}";
const styleHash = createHash("sha256").update(style).digest("base64");

/** For helmet: nothing is loaded, nothing runs, nobody frames it; the one style sheet is known by its hash. */
export const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    "default-src": ["'none'"],
    "style-src": [`'sha256-${styleHash}'`],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
  },
};

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head>
<body>${body}</body></html>
`;

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);

/** Where a sign-in in a browser ends for a program that does not listen: the code to type there. */
export const codePage = (code: string): string =>
  page(
    "Signed in",
    `<h1>Almost done</h1><p>Type this code into the program that you began to sign in with. It is good once, there only, for 15 minutes.</p><pre>${escapeHtml(code)}</pre><p>If you began no sign-in, close this page: without you the code is of no use.</p>`,
  );

/** A problem for who sees it in a browser. */
export const failurePage = (error: PolyvisorError): string =>
  page("Not signed in", `<h1>${escapeHtml(errorCatalogue[error.code].title)}</h1><p>${escapeHtml(error.detail)}.</p><p>${escapeHtml(error.remedy)}</p>`);

/** A plain page for who opens the address of a server whose console is not built. */
export const landingPage = (version: string): string =>
  page(
    "Polyvisor",
    `<h1>Polyvisor ${version}</h1>
<p>One console, one API and one set of policies for every hypervisor you run. This server is up; its web console is not built: <code>./polyvisor up</code> builds it.</p>
<h2>Use it from the command line</h2>
<p>On the server's own machine, as the account that runs it, you are signed in already:</p>
<pre>polyvisor list
polyvisor --help</pre>
<p>Elsewhere, use the one-time code at the end of the link that <code>polyvisor up</code> printed, or get a new one there with <code>polyvisor sign-in code</code>; it is good for 15 minutes:</p>
<pre>polyvisor login --url THIS-ADDRESS --code CODE</pre>
<h2>Use it from a program</h2>
<p>The API is described as <a href="/api/v1/openapi.json">OpenAPI 3.1</a>. Make a token with <code>polyvisor token create NAME</code> and send it as <code>Authorization: Bearer TOKEN</code>.</p>`,
  );

/** A page for each problem type. */
export function registerProblemPages(app: FastifyInstance): void {
  app.get<{ Params: { code: string } }>("/problems/:code", (request, reply) => {
    const { code } = request.params;
    if (!Object.hasOwn(errorCatalogue, code)) return reply.callNotFound();
    const row = errorCatalogue[code as ErrorCode];
    return reply
      .type("text/html; charset=utf-8")
      .send(page(row.title, `<h1>${row.title}</h1><p>${row.remedy}</p><p>Code <code>${code}</code>, HTTP status ${row.status}.</p>`));
  });
}
