export { connect, type ConnectOptions } from "./connect.ts";
export type { Connection } from "./connection.ts";
export { parseUri, type Endpoint, type EndpointParams, type TransportName } from "./endpoint/parseUri.ts";
export { ConnectionError, type ConnectionErrorKind } from "./connectionError.ts";
export { LibvirtError } from "./libvirtError.ts";
export type { ErrorCodeName } from "./generated/errorNames.ts";
export type { CallOptions, OpensStream } from "./call.ts";
export type { Stream, StreamHole } from "./stream.ts";
export type { AnyEvent, EventName, EventHub } from "./eventHub.ts";
export { typedParam, type TypedParam, type TypedParams, type TypedValue } from "./xdr/typedParam.ts";
export type { Credentials, CredentialsNeed, CredentialsSource } from "./auth/credentials.ts";
export type { SshSettings, UnknownHostKey } from "./transport/openSsh.ts";
export type { TlsSettings } from "./transport/openTls.ts";
export type { Calls } from "./generated/types/calls.ts";
export type { EventMessages } from "./generated/types/events.ts";
export type * from "./generated/types/index.ts";
/** libvirt's public enumerations and macros by their C names: `constants.VIR_DOMAIN_START_PAUSED`. */
export * as constants from "./generated/constants/index.ts";
