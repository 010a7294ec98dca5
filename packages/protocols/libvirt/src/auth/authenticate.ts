import type { CallOptions } from "../call.ts";
import { ConnectionError } from "../connectionError.ts";
import type { Endpoint } from "../endpoint/parseUri.ts";
import { REMOTE_AUTH_NONE, REMOTE_AUTH_POLKIT, REMOTE_AUTH_SASL } from "../generated/protocol.ts";
import type { Calls } from "../generated/types/calls.ts";
import { LibvirtError } from "../libvirtError.ts";
import type { CredentialsSource } from "./credentials.ts";
import { authenticateSasl } from "./authenticateSasl.ts";

/**
 * Asks the server how it authenticates and does it: nothing, polkit, or SASL.
 * Rejects with a ConnectionError of kind `authFailed` that says what was refused and what to do.
 */
export async function authenticate(
  call: Calls,
  endpoint: Endpoint,
  confidential: boolean,
  credentials: CredentialsSource | undefined,
  during: CallOptions,
): Promise<void> {
  const { types } = await call.authList(during);
  const wanted = endpoint.params.auth;
  const [chosen] = wanted === undefined ? types : types.filter((type) => matches(type, wanted));
  switch (chosen) {
    case REMOTE_AUTH_NONE:
      return;
    case REMOTE_AUTH_POLKIT:
      return polkit(call, during);
    case REMOTE_AUTH_SASL:
      return authenticateSasl(call, endpoint, confidential, credentials, during);
    case undefined:
      if (types.length === 0) return;
      throw new ConnectionError("authFailed", `${endpoint.uri}: the server does not offer ${wanted}`, { remedy: "leave auth= out of the URI" });
    default:
      throw new ConnectionError("notSupported", `${endpoint.uri}: the server wants authentication of unknown type ${chosen}`);
  }
}

function matches(type: number, wanted: string): boolean {
  if (wanted === "none") return type === REMOTE_AUTH_NONE;
  if (wanted === "polkit") return type === REMOTE_AUTH_POLKIT;
  return type === REMOTE_AUTH_SASL && /^sasl(\.|$)/.test(wanted);
}

async function polkit(call: Calls, during: CallOptions): Promise<void> {
  try {
    await call.authPolkit(during);
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    throw new ConnectionError("authFailed", "polkit on the host refused access to libvirt", {
      cause: error,
      remedy: "run as a member of group libvirt, or allow org.libvirt.unix.manage for the user in a polkit rule",
    });
  }
}
