import { BlockList, isIP } from "node:net";
import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../identity/attempts.ts";

/** Proxies in front of the server whose word on the client's address counts. */
export type TrustedProxies = Pick<BlockList, "check">;

/** Addresses behind each other that are looked at; a chain of real proxies is shorter. */
const hopsMost = 32;

/** @param cidrs addresses and networks: `10.0.0.5`, `192.168.0.0/24`, `fd00::/8` @throws RangeError that names the one that is none */
export function trustedProxies(cidrs: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [, address = "", length] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(cidr.trim()) ?? [];
    const family = isIP(address);
    const whole = family === 6 ? 128 : 32;
    const bits = length === undefined ? whole : Number(length);
    if (family === 0 || bits > whole) throw new RangeError(`"${cidr.slice(0, 64)}" is no address and no network`);
    if (bits === 0) throw new RangeError(`"${cidr}" is everybody: whoever connects could say that it is anyone else`);
    list.addSubnet(address, bits, family === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

export interface ClientAddress {
  address: string;
  /** Something in between passed it on, and the address is (or may be) that one's. */
  passedOn: boolean;
}

/**
 * From where a request comes. `X-Forwarded-For` is read only where the connection is a trusted proxy's, from the right:
 * each proxy adds whom it got the request from, so the first address that is no trusted proxy's is the client's, and
 * what stands before it is the client's own invention.
 * @param remote of the connection
 */
export function clientAddress(remote: string, headers: IncomingHttpHeaders, trusted: TrustedProxies | undefined): ClientAddress {
  const isTrusted = (address: string): boolean => trusted !== undefined && trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  const said = headers["x-forwarded-for"];
  let address = plain(remote) ?? remote;
  if (isIP(address) === 0 || !isTrusted(address)) return { address, passedOn: said !== undefined || headers.forwarded !== undefined };
  const hops = [said].flat().join(",").split(",").slice(-hopsMost);
  for (let hop = hops.pop(); hop !== undefined; hop = hops.pop()) {
    const before = plain(hop);
    if (before === undefined) break; // no address: the last proxy that says one is all that is known
    address = before;
    // The loopback of a proxy's machine is not that of this one.
    if (!isTrusted(address)) return { address, passedOn: isLoopback(address) };
  }
  return { address, passedOn: true };
}

/** An address without what may stand around it: a port, brackets, a zone, the IPv4 form of an IPv6 one. */
function plain(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(trimmed)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(trimmed)?.[1] ?? trimmed;
  const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare.split("%", 1)[0]!;
  return isIP(address) === 0 ? undefined : address.toLowerCase();
}
