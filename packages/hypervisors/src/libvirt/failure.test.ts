import { PolyvisorError } from "@polyvisor/model";
import type { ErrorCode } from "@polyvisor/model";
import { ConnectionError, LibvirtError } from "@polyvisor/protocol-libvirt";
import type { ConnectionErrorKind } from "@polyvisor/protocol-libvirt";
import { describe, expect, it } from "vitest";
import { failure, isLibvirt, isUnsupported } from "./failure.ts";

const place = { endpoint: "qemu+ssh://root@h1/system", doing: "start VM web1" };
const said = (code: number, message: string): LibvirtError =>
  new LibvirtError({ code, domain: 10, message, level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null }, "domainCreate");

it("a failure of the connection names its endpoint once", () => {
  const told = failure(new ConnectionError("authFailed", `${place.endpoint}: no`, { remedy: "try another" }), place);
  expect(told).toMatchObject({ code: "hostAuthFailed", detail: `start VM web1 on ${place.endpoint}: no`, remedy: "Try another." });
});

describe("a failure of libvirt", () => {
  it.each<[number, string, ErrorCode]>([
    [42, "Domain not found", "notFound"],
    [43, "Network not found", "notFound"],
    [49, "Storage pool not found", "notFound"],
    [50, "no such volume", "notFound"],
    [72, "no snapshot", "notFound"],
    [55, "Requested operation is not valid: domain is not running", "wrongState"],
    [3, "this function is not supported by the connection driver: virDomainReset", "notSupported"],
    [67, "unsupported configuration: x", "notSupported"],
    [74, "argument unsupported", "notSupported"],
    [84, "operation unsupported", "notSupported"],
    [8, "unsupported flags (0x1) in function f", "notSupported"],
    [8, "invalid argument: x", "badRequest"],
    [28, "domain exists", "nameTaken"],
    [9, "operation failed: domain 'a' already exists with uuid 6695eb01-f6a4-8304-79aa-97f2502e193f", "nameTaken"],
    [90, "storage vol already exists", "nameTaken"],
    [38, "cannot fill file '/p/a': No space left on device", "noSpace"],
    [1, "internal error: process exited: qemu-img: error while writing: No space left on device", "noSpace"],
    [1, "internal error: qemu unexpectedly closed the monitor: cannot set up guest memory 'pc.ram': Cannot allocate memory", "notEnoughMemory"],
    [1, `internal error: Failed to get "write" lock`, "inUse"],
    [9, "operation failed: Active console session exists for this domain", "inUse"],
    [92, "XML document failed to validate against schema", "badRequest"],
    [27, "XML error: missing name", "badRequest"],
    [45, "authentication failed", "hostAuthFailed"],
    [29, "operation virDomainCreate forbidden for read only access", "hostAuthFailed"],
    [1, "internal error: something else", "hypervisorFailed"],
    [9999, "from a newer libvirt", "hypervisorFailed"],
  ])("%i %s is %s", (code, message, expected) => {
    const error = failure(said(code, message), place);
    expect(error.code).toBe(expected);
    expect(error.detail).toBe(`start VM web1 on ${place.endpoint}: ${message}`);
  });

  it("is recognised by its code", () => {
    expect(isLibvirt(said(42, "x"), "NO_DOMAIN")).toBe(true);
    expect(isLibvirt(said(42, "x"), "NO_NETWORK")).toBe(false);
    expect(isLibvirt(new Error("x"), "NO_DOMAIN")).toBe(false);
    expect(isUnsupported(said(3, "x"))).toBe(true);
    expect(isUnsupported(said(8, "invalid argument"))).toBe(false);
  });
});

describe("a failure of the connection", () => {
  it.each<[ConnectionErrorKind, string | undefined, ErrorCode]>([
    ["refused", "ECONNREFUSED", "hostRefused"],
    ["unreachable", "EHOSTUNREACH", "hostUnreachable"],
    ["unreachable", "ENOTFOUND", "hostNameUnknown"],
    ["unreachable", "EAI_AGAIN", "hostNameUnknown"],
    ["unreachable", "ENOENT", "hostRefused"],
    ["timeout", undefined, "hostTimeout"],
    ["authFailed", undefined, "hostAuthFailed"],
    ["tlsName", undefined, "hostTlsName"],
    ["tlsTrust", undefined, "hostTlsUntrusted"],
    ["hostKeyUnknown", undefined, "hostKeyUnknown"],
    ["hostKeyChanged", undefined, "hostKeyChanged"],
    ["protocol", undefined, "hostProtocol"],
    ["dead", undefined, "hostUnreachable"],
    ["lost", undefined, "hostUnreachable"],
    ["uri", undefined, "badUri"],
  ])("%s (%s) is %s, with the place and the next action", (kind, errno, expected) => {
    const error = failure(new ConnectionError(kind, "h1:16509 is broken", { errno, remedy: "mend it" }), place);
    expect(error.code).toBe(expected);
    expect(error.detail).toBe(`start VM web1 on ${place.endpoint}: h1:16509 is broken`);
    expect(error.remedy).toBe("Mend it.");
  });
});

describe("any other failure", () => {
  it("keeps what is in the catalogue, and hides what is not", () => {
    const known = new PolyvisorError("noSpace", { detail: "full" });
    expect(failure(known, place)).toBe(known);
    const unknown = failure(new TypeError("secret=42"), place);
    expect(unknown.code).toBe("internal");
    expect(unknown.detail).not.toContain("42");
    expect(failure(new DOMException("x", "AbortError"), place).code).toBe("cancelled");
    expect(failure(new DOMException("x", "TimeoutError"), place).code).toBe("hostTimeout");
  });
});
