import { errorCodeNames, errorDomainNames, type ErrorCodeName } from "./generated/errorNames.ts";
import type { NetMessageError } from "./generated/types/structs.ts";

/** An error that the libvirt server answered a call, or ended a stream, with. Fields are those of libvirt's virError. */
export class LibvirtError extends Error {
  override name = "LibvirtError";
  /** virErrorNumber, such as 42. */
  readonly code: number;
  /** Symbol of the code, such as `VIR_ERR_NO_DOMAIN`; `VIR_ERR_<number>` where this version knows no name. */
  readonly codeName: ErrorCodeName | `VIR_ERR_${number}`;
  /** virErrorDomain: which part of libvirt reports, such as 10. */
  readonly domain: number;
  /** Symbol of the domain, such as `VIR_FROM_QEMU`. */
  readonly domainName: string;
  /** virErrorLevel: 1 warning, 2 error. */
  readonly level: number;
  readonly str1: string | null;
  readonly str2: string | null;
  readonly str3: string | null;
  readonly int1: number;
  readonly int2: number;
  /** Name of the procedure that was refused, such as `domainCreateXml`. */
  readonly procedure: string;

  constructor(wire: NetMessageError, procedure: string) {
    super(wire.message ?? `libvirt gave no message (error code ${wire.code})`);
    this.code = wire.code;
    this.codeName = (errorCodeNames.get(wire.code) as ErrorCodeName | undefined) ?? `VIR_ERR_${wire.code}`;
    this.domain = wire.domain;
    this.domainName = errorDomainNames.get(wire.domain) ?? `VIR_FROM_${wire.domain}`;
    this.level = wire.level;
    this.str1 = wire.str1;
    this.str2 = wire.str2;
    this.str3 = wire.str3;
    this.int1 = wire.int1;
    this.int2 = wire.int2;
    this.procedure = procedure;
  }
}
