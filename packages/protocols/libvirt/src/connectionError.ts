/** What went wrong between here and the libvirt server. */
export type ConnectionErrorKind =
  /** The URI is not one that can be opened. */
  | "uri"
  /** Nothing listens there, or the socket may not be opened. */
  | "refused"
  /** No such host, no route, or no such socket. */
  | "unreachable"
  /** No answer before the deadline. */
  | "timeout"
  /** The server, or the SSH server before it, did not accept the credentials. */
  | "authFailed"
  /** The certificate does not name the host. */
  | "tlsName"
  /** The certificate, ours or theirs, is not trusted, expired or unreadable. */
  | "tlsTrust"
  /** The SSH host key is in no known_hosts file. */
  | "hostKeyUnknown"
  /** The SSH host key differs from the known one. */
  | "hostKeyChanged"
  /** The SSH server cannot reach libvirt on its side. */
  | "tunnel"
  /** The peer sent what libvirt's RPC does not allow. */
  | "protocol"
  /** Keepalive got no answer: the peer is hung or unreachable. */
  | "dead"
  /** The peer ended the connection. */
  | "lost"
  /** `close()` was called here. */
  | "closed"
  /** A consumer here did not keep up, and its bound was reached. */
  | "overrun"
  /** What a call was given does not fit its types; nothing was sent. */
  | "arguments"
  /** This client cannot do it. */
  | "notSupported";

/** Extra facts of a connection error, by kind. */
export interface ConnectionErrorDetail {
  /** What to do, in one sentence. */
  remedy?: string;
  /** SSH host key, `SHA256:…`. */
  fingerprint?: string;
  /** Result of the system call, such as `ECONNREFUSED`. */
  errno?: string;
  cause?: unknown;
}

/** A fault of the connection, as opposed to an answer of libvirt. The message says where and what to do. */
export class ConnectionError extends Error {
  override name = "ConnectionError";
  readonly kind: ConnectionErrorKind;
  readonly remedy: string | undefined;
  readonly fingerprint: string | undefined;
  readonly errno: string | undefined;

  constructor(kind: ConnectionErrorKind, message: string, detail: ConnectionErrorDetail = {}) {
    super(detail.remedy ? `${message}: ${detail.remedy}` : message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.kind = kind;
    this.remedy = detail.remedy;
    this.fingerprint = detail.fingerprint;
    this.errno = detail.errno;
  }
}
