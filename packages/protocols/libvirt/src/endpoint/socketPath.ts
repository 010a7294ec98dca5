import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Endpoint } from "./parseUri.ts";

/** What the search for a socket reads of its surroundings. */
export interface Surroundings {
  env: Record<string, string | undefined>;
  exists: (path: string) => boolean;
  home: string;
}

const HERE: Surroundings = { env: process.env, exists: existsSync, home: homedir() };

/**
 * Path of the Unix socket that an endpoint of this machine means, found the way libvirt's own client finds it:
 * `?socket=`, else that of the driver's own daemon where one listens, else libvirtd's (or virtproxyd's).
 */
export function socketPath(endpoint: Endpoint, readOnly: boolean, here: Surroundings = HERE): string {
  if (endpoint.params.socket) return endpoint.params.socket;
  const mode = endpoint.params.mode ?? "auto";
  const folder = endpoint.session
    ? join(here.env["XDG_RUNTIME_DIR"] || join(here.env["XDG_CACHE_HOME"] || join(here.home, ".cache")), "libvirt")
    : "/var/run/libvirt";
  const suffix = readOnly && !endpoint.session ? "sock-ro" : "sock";
  const legacy = join(folder, `libvirt-${suffix}`);
  const drivers = endpoint.driver ? [endpoint.driver] : ["xen", "qemu", "lxc"];
  const direct = drivers.map((driver) => join(folder, `virt${driver}d-${suffix}`));
  if (mode === "legacy") return legacy;
  return direct.find((path) => here.exists(path)) ?? (mode === "direct" ? (direct[0] ?? legacy) : legacy);
}
