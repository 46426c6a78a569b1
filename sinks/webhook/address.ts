/**
 * Which addresses a webhook may go to: public ones, unless others are allowed by name.
 *
 * A name is looked up once for each attempt, every address that it has is judged, and the connection is made to one of
 * those: a name that is bound to another address afterwards leads nowhere (no DNS rebinding).
 *
 * @module
 */
import { BlockList, isIP, isIPv4 } from "node:net";

/** Ranges that are nobody's business from outside: IANA's special-purpose registries (RFC 6890 and later). */
const V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** Whether an IPv4 or IPv6 address is one of the public internet. Anything else than an address is not. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (isIPv4(address)) return !v4.check(address, "ipv4");
  const groups = groupsOf(address);
  if (groups === undefined) return false;
  // Global unicast is 2000::/3; everything else is local, multicast, mapped, or not assigned.
  if (groups[0] >>> 13 !== 1) return false;
  if (groups[0] === 0x2002) return isPublic(v4Of(groups[1], groups[2])); // 6to4 carries an IPv4 address
  if (groups[0] === 0x2001 && groups[1] < 0x200) return false; // protocol assignments, Teredo among them
  if (groups[0] === 0x2001 && groups[1] === 0xdb8) return false; // documentation
  return !(groups[0] === 0x3fff && groups[1] < 0x1000); // documentation
}

const v4 = new BlockList();
for (const range of V4) {
  const [network, bits] = range.split("/");
  v4.addSubnet(network, Number(bits), "ipv4");
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] | undefined {
  const plain = address.replace(/%.*$/, "");
  if (plain.includes(".")) return undefined; // an IPv4 address in IPv6's clothes: none of ours
  const [head, tail] = plain.split("::").map((half) => half === "" ? [] : half.split(":"));
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  return [...head, ...zeros, ...tail ?? []].map((group) => parseInt(group, 16));
}

function v4Of(high: number, low: number): string {
  return [high >>> 8, high & 255, low >>> 8, low & 255].join(".");
}

/** Hosts that are allowed though they are not public: `host` or `host:port`, in lower case. */
export type AllowedHosts = readonly string[];

/** Whether a URL's host is allowed by name. */
export function isAllowed(url: URL, allowed: AllowedHosts): boolean {
  const host = url.hostname.toLowerCase(),
    port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return allowed.some((one) => one === host || one === `${host}:${port}`);
}

/** An address that a delivery must not go to; the message names the host, nothing else. */
export class AddressError extends Error {
  override name = "AddressError";
}

/** Looks a name up: all its addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/**
 * The address to connect to.
 *
 * @throws {AddressError} if any of the host's addresses is not public and the host is not allowed by name
 */
export async function addressOf(url: URL, allowed: AllowedHosts, resolve: Resolve): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  if (addresses.length === 0) throw new AddressError(`${host} has no address`);
  if (isAllowed(url, allowed)) return addresses[0];
  if (!addresses.every(isPublic)) {
    throw new AddressError(`${host} is not a public address: allow it by name (allowHosts) if it is meant`);
  }
  return addresses[0];
}
