import { X509Certificate } from "node:crypto";
import { ConnectionError } from "../connectionError.ts";

/** The certificate that was shown to a server. */
export interface ShownCertificate {
  /** PEM text; undefined or empty where there was none to show. */
  pem: string | undefined;
  /** Where it is, or would have been: the path of a file. */
  place: string;
}

/** Why a server did not take our certificate, as far as it can be seen here: a libvirt server ends the connection without a word. */
export function certificateRefused(peer: string, shown: ShownCertificate, cause?: unknown): ConnectionError {
  const told = (message: string, remedy: string): ConnectionError => new ConnectionError("authFailed", message, { cause, remedy });
  if (!shown.pem) return told(`${peer} wants a client certificate, and there is none at ${shown.place}`, "put it and its key there, or give ?pkipath=FOLDER");
  const { validFrom, validTo, subject } = new X509Certificate(shown.pem);
  const during = (when: string): string => new Date(when).toISOString();
  if (Date.parse(validTo) < Date.now())
    return told(`${peer} did not accept our client certificate: ${shown.place} has expired at ${during(validTo)}`, "have it renewed by the host's CA");
  if (Date.parse(validFrom) > Date.now())
    return told(`${peer} did not accept our client certificate: ${shown.place} is valid from ${during(validFrom)} on`, "set the clock right, or wait");
  return told(
    `${peer} did not accept our client certificate ${shown.place} (${subject.replaceAll("\n", ", ")})`,
    "use a certificate signed by the host's CA, whose name tls_allowed_dn_list in libvirtd.conf allows",
  );
}
