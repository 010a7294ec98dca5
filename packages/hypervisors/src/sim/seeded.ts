/**
 * Randomness of the simulator: a pure function of a key, so that the same URI gives the same estate on every
 * machine and in every run. FNV-1a over the key, mixed by MurmurHash3's finaliser (both public domain).
 */
export function hash32(key: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number from 0 up to, not including, 1. */
export function dice(key: string): number {
  return hash32(key) / 2 ** 32;
}

/** One of a list, which must not be empty. */
export function pick<T>(list: readonly T[], key: string): T {
  return list[hash32(key) % list.length]!;
}

const hex8 = (n: number): string => n.toString(16).padStart(8, "0");

/** A UUID with the shape of version 4. */
export function uuidOf(key: string): string {
  // The part's number goes first: behind the key, two keys that meet in one hash would meet in all four.
  const text = hex8(hash32(`0/${key}`)) + hex8(hash32(`1/${key}`)) + hex8(hash32(`2/${key}`)) + hex8(hash32(`3/${key}`));
  const variant = "89ab"[parseInt(text[16]!, 16) & 3];
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-${variant}${text.slice(17, 20)}-${text.slice(20)}`;
}

/** A MAC address in the range that QEMU guests use. */
export function macOf(key: string): string {
  const h = hex8(hash32(key));
  return `52:54:00:${h.slice(0, 2)}:${h.slice(2, 4)}:${h.slice(4, 6)}`;
}
