import type { FastifyReply, FastifyRequest } from "fastify";

/** A token is 43 characters of base64url behind a short prefix; nothing else is taken out of a cookie. */
const tokenForm = /^[A-Za-z0-9_.-]{16,256}$/;

/**
 * Name of the cookie that holds a browser's session. Cookies know no ports: two servers at one name must not take each
 * other's, so the port that the browser sees is part of it.
 */
const cookieName = ({ headers }: FastifyRequest): string => `polyvisor-session-${/:(\d{1,5})$/.exec(headers.host ?? "")?.[1] ?? "web"}`;

/** Whether TLS ends here or at a proxy in front. Who says so wrongly only keeps his own browser from sending the cookie. */
const isSecure = (request: FastifyRequest): boolean => request.protocol === "https" || request.headers["x-forwarded-proto"] === "https";

function written(request: FastifyRequest, value: string, seconds: number): string {
  return `${cookieName(request)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure(request) ? "; Secure" : ""}`;
}

/** Gives the browser its session to keep where no script reads it. */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string, expiresAt: string): void {
  reply.header("set-cookie", written(request, token, Math.max(0, Math.floor((Date.parse(expiresAt) - Date.now()) / 1000))));
}

/** Takes it away again. */
export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("set-cookie", written(request, "", 0));
}

/**
 * Whether a page of this server's own sent the request. Browsers say so in `Sec-Fetch-Site`, and where they do not (plain
 * HTTP at another name than localhost) in `Origin`, which every request but a plain GET has. A plain GET changes nothing,
 * a foreign page cannot read its answer, and `SameSite` leaves the cookie out.
 */
export function isOwnPage({ method, headers }: FastifyRequest): boolean {
  const site = headers["sec-fetch-site"];
  const reads = (method === "GET" || method === "HEAD") && headers.upgrade === undefined;
  if (site !== undefined && headers.upgrade === undefined) return site === "same-origin" || (site === "none" && reads);
  if (headers.origin === undefined) return reads;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === (headers.host ?? "").toLowerCase();
}

/**
 * Turns the session of a cookie into the token of an ordinary request, so that everything behind it knows one way only,
 * and other servers that the request is passed on to need not know this one's name. The cookie itself goes no further.
 */
export function takeSessionCookie(request: FastifyRequest): void {
  const { headers } = request;
  const text = headers.cookie;
  if (text === undefined) return;
  delete headers.cookie;
  if (headers.authorization !== undefined || text.length > 16_384 || !isOwnPage(request)) return;
  const name = cookieName(request);
  for (const part of text.split(";")) {
    const [its, value] = part.trim().split("=", 2);
    if (its === name && value !== undefined && tokenForm.test(value)) headers.authorization = `Bearer ${value}`;
  }
}
