/** A number of bytes as an administrator writes it: `512M`, `2G`, `1.5T`, `4096` (MiB when `bareUnit` says so). Binary multiples. */
const multiples: Record<string, number> = { "": 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4, P: 1024 ** 5 };

/**
 * Reads a size. `K`, `KiB` and `KB` are all 1,024 bytes, as `xl`, `virsh` and `qemu-img` read them.
 * @param bareUnit unit of a number without one: `xl` and `virsh` users write memory in MiB
 * @returns whole bytes, or undefined when the text is not a size or is past 2^53
 */
export function parseBytes(text: string, bareUnit: "B" | "K" | "M" | "G" = "B"): number | undefined {
  const match = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*(?:([KMGTP])(?:i?B)?|(B))?\s*$/i.exec(text);
  if (!match) return undefined;
  const unit = (match[2] ?? match[3] ?? bareUnit).toUpperCase();
  const bytes = Math.round(Number(match[1]) * multiples[unit]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes for a person: `512 MiB`, `1.5 GiB`; at most one decimal, IEC units (ISO/IEC 80000-13). */
export function formatBytes(bytes: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let i = 0;
  // From 1023.5 on it would be rounded to 1024, which is one of the next unit.
  while (Math.abs(value) >= (i === 0 ? 1024 : 1023.5) && i < names.length - 1) {
    value /= 1024;
    i++;
  }
  const text = Number.isInteger(value) || Math.abs(value) >= 100 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, "");
  return `${text} ${names[i]}`;
}

/** Seconds for a person: `5s`, `3m 20s`, `4h 5m`, `12d 3h`; the two largest units. */
export function formatDuration(seconds: number): string {
  const parts: [number, string][] = [
    [86400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ];
  let rest = Math.max(0, Math.round(seconds));
  const out: string[] = [];
  for (const [size, unit] of parts) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) out.push(`${n}${unit}`);
    if (out.length === 2) break;
  }
  return out.join(" ") || "0s";
}
