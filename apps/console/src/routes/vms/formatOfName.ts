/** A file that exists says by its name what it is; what says nothing is raw. */
export function formatOfName(source: string): "qcow2" | "vmdk" | "vhd" | "vhdx" | "vdi" | "raw" {
  const ending = /\.([A-Za-z0-9]+)$/.exec(source)?.[1]?.toLowerCase();
  return (["qcow2", "vmdk", "vhd", "vhdx", "vdi"] as const).find((each) => each === ending) ?? "raw";
}
