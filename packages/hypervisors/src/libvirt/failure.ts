import { PolyvisorError } from "@polyvisor/model";
import type { ErrorCode } from "@polyvisor/model";
import { ConnectionError, LibvirtError } from "@polyvisor/protocol-libvirt";
import type { ConnectionErrorKind } from "@polyvisor/protocol-libvirt";

const ofConnection: Record<ConnectionErrorKind, ErrorCode> = {
  uri: "badUri",
  refused: "hostRefused",
  unreachable: "hostUnreachable",
  timeout: "hostTimeout",
  authFailed: "hostAuthFailed",
  tlsName: "hostTlsName",
  tlsTrust: "hostTlsUntrusted",
  hostKeyUnknown: "hostKeyUnknown",
  hostKeyChanged: "hostKeyChanged",
  tunnel: "hostRefused",
  protocol: "hostProtocol",
  arguments: "internal",
  dead: "hostUnreachable",
  lost: "hostUnreachable",
  closed: "hostUnreachable",
  overrun: "hostTimeout",
  notSupported: "notSupported",
};

// libvirt's virErrorNumber that mean one thing wherever they come from.
const ofLibvirt: Record<string, ErrorCode> = {
  VIR_ERR_NO_DOMAIN: "notFound",
  VIR_ERR_NO_NETWORK: "notFound",
  VIR_ERR_NO_STORAGE_POOL: "notFound",
  VIR_ERR_NO_STORAGE_VOL: "notFound",
  VIR_ERR_NO_DOMAIN_SNAPSHOT: "notFound",
  VIR_ERR_NO_NODE_DEVICE: "notFound",
  VIR_ERR_NO_SECRET: "notFound",
  VIR_ERR_DEVICE_MISSING: "notFound",
  VIR_ERR_NO_INTERFACE: "notFound",
  VIR_ERR_NO_NWFILTER: "notFound",
  VIR_ERR_INVALID_DOMAIN_SNAPSHOT: "notFound",
  VIR_ERR_NO_DOMAIN_CHECKPOINT: "notFound",
  VIR_ERR_DOM_EXIST: "nameTaken",
  VIR_ERR_NETWORK_EXIST: "nameTaken",
  VIR_ERR_STORAGE_VOL_EXIST: "nameTaken",
  VIR_ERR_STORAGE_POOL_BUILT: "nameTaken",
  VIR_ERR_OPERATION_INVALID: "wrongState",
  VIR_ERR_BLOCK_COPY_ACTIVE: "inUse",
  VIR_ERR_RESOURCE_BUSY: "inUse",
  VIR_ERR_SNAPSHOT_REVERT_RISKY: "wrongState",
  VIR_ERR_NO_SUPPORT: "notSupported",
  VIR_ERR_ARGUMENT_UNSUPPORTED: "notSupported",
  VIR_ERR_CONFIG_UNSUPPORTED: "notSupported",
  VIR_ERR_OPERATION_UNSUPPORTED: "notSupported",
  VIR_ERR_OS_TYPE: "notSupported",
  VIR_ERR_CPU_INCOMPATIBLE: "notSupported",
  VIR_ERR_MIGRATE_UNSAFE: "notSupported",
  VIR_ERR_XML_ERROR: "badRequest",
  VIR_ERR_XML_DETAIL: "badRequest",
  VIR_ERR_XML_INVALID_SCHEMA: "badRequest",
  VIR_ERR_INVALID_ARG: "badRequest",
  VIR_ERR_NO_OS: "badRequest",
  VIR_ERR_NO_NAME: "badRequest",
  VIR_ERR_NO_ROOT: "badRequest",
  VIR_ERR_NO_KERNEL: "badRequest",
  VIR_ERR_NO_SOURCE: "badRequest",
  VIR_ERR_NO_TARGET: "badRequest",
  VIR_ERR_INVALID_MAC: "badRequest",
  VIR_ERR_OVERFLOW: "badRequest",
  VIR_ERR_AUTH_FAILED: "hostAuthFailed",
  VIR_ERR_AUTH_CANCELLED: "hostAuthFailed",
  VIR_ERR_AUTH_UNAVAILABLE: "hostAuthFailed",
  VIR_ERR_ACCESS_DENIED: "hostAuthFailed",
  VIR_ERR_OPERATION_DENIED: "hostAuthFailed",
  VIR_ERR_UNKNOWN_HOST: "hostNameUnknown",
  VIR_ERR_NO_CONNECT: "badUri",
  VIR_ERR_OPERATION_TIMEOUT: "hostTimeout",
  VIR_ERR_OPERATION_ABORTED: "cancelled",
  VIR_ERR_NO_MEMORY: "notEnoughMemory",
  VIR_ERR_RPC: "hostProtocol",
  VIR_ERR_AGENT_UNRESPONSIVE: "hypervisorFailed",
};

// What libvirt passes on from the system below it has no code of its own; the system's words are fixed, and are looked for in this order.
const bySaying: readonly (readonly [RegExp, ErrorCode])[] = [
  [/no space left on device|not enough free space|out of space|insufficient space|There is not enough space/i, "noSpace"],
  [/cannot (set up guest memory|allocate memory)|unable to allocate memory|not enough (free )?memory|insufficient memory/i, "notEnoughMemory"],
  [
    /failed to get ("?(write|consistent read|shared)"?).*lock|is in use|already in use|in use by|active console session exists|resource busy|device or resource busy/i,
    "inUse",
  ],
  [/already exists( with uuid)?|already defined|already active/i, "nameTaken"],
  [/domain is (already|not) (running|active)|is already active|is not active|is not running|must be shut ?off/i, "wrongState"],
];

/** The place and the object that an error is told with. */
export interface FailurePlace {
  /** The endpoint: `qemu+ssh://h1/system`. */
  endpoint: string;
  /** What was being done, in words: `start VM "web1"`. */
  doing?: string | undefined;
}

/** Makes any error of the protocol or of libvirt one of the model's catalogue; the detail names the place, never a secret. */
export function failure(error: unknown, place: FailurePlace): PolyvisorError {
  if (error instanceof PolyvisorError) return error;
  const at = place.doing ? `${place.doing} on ${place.endpoint}` : place.endpoint;
  if (error instanceof ConnectionError) {
    const code =
      error.kind === "unreachable" && (error.errno === "ENOTFOUND" || error.errno === "EAI_AGAIN")
        ? "hostNameUnknown"
        : error.kind === "unreachable" && error.errno === "ENOENT"
          ? "hostRefused"
          : ofConnection[error.kind];
    const told = error.remedy && error.message.endsWith(`: ${error.remedy}`) ? error.message.slice(0, -error.remedy.length - 2) : error.message;
    const words = told.startsWith(`${place.endpoint}: `) ? told.slice(place.endpoint.length + 2) : told;
    return new PolyvisorError(code, {
      detail: `${at}: ${words}`,
      ...(error.remedy ? { remedy: sentence(error.remedy) } : {}),
      fingerprint: error.fingerprint,
      cause: error,
    });
  }
  if (error instanceof LibvirtError) {
    const said = bySaying.find(([pattern]) => pattern.test(error.message))?.[1];
    let code = ofLibvirt[error.codeName] ?? said ?? "hypervisorFailed";
    if (said !== undefined && ["VIR_ERR_INTERNAL_ERROR", "VIR_ERR_OPERATION_FAILED", "VIR_ERR_SYSTEM_ERROR", "VIR_ERR_INVALID_ARG"].includes(error.codeName))
      code = said;
    if (isUnsupported(error)) code = "notSupported";
    return new PolyvisorError(code, { detail: `${at}: ${error.message}`, cause: error });
  }
  if (error instanceof Error && error.name === "TimeoutError") return new PolyvisorError("hostTimeout", { detail: `${at}: no answer in time`, cause: error });
  if (error instanceof Error && error.name === "AbortError") return new PolyvisorError("cancelled", { detail: at, cause: error });
  return new PolyvisorError("internal", { detail: `${at}: an unexpected failure; the log has it`, cause: error });
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** Whether libvirt answered with one of these codes, told without their prefix: `isLibvirt(error, "NO_DOMAIN")`. */
export function isLibvirt(error: unknown, ...codes: string[]): error is LibvirtError {
  return error instanceof LibvirtError && codes.includes(error.codeName.replace(/^VIR_ERR_/, ""));
}

/** Whether libvirt's answer means that this driver has no such function, or not with these flags. */
export function isUnsupported(error: unknown): boolean {
  return (
    isLibvirt(error, "NO_SUPPORT", "ARGUMENT_UNSUPPORTED", "OPERATION_UNSUPPORTED", "CONFIG_UNSUPPORTED") ||
    (isLibvirt(error, "INVALID_ARG") && /unsupported flags/i.test(error.message))
  );
}
