/** libvirt's units of memory in bytes (https://libvirt.org/formatdomain.html#memory-allocation); without one it means KiB. */
export const memoryUnits: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  k: 1024,
  KiB: 1024,
  KB: 1000,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  MB: 1e6,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  GB: 1e9,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
  TB: 1e12,
};
