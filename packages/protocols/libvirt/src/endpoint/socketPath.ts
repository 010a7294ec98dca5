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
 * `?socket=`, else libvirtd's (or virtproxyd's) socket, else the driver's own daemon's.
 */
export function socketPath(endpoint: Endpoint, readOnly: boolean, here: Surroundings = HERE): string {
  if (endpoint.params.socket) return endpoint.params.socket;
  const mode = endpoint.params.mode ?? "auto";
  const folder = endpoint.session
    ? join(here.env["XDG_RUNTIME_DIR"] || join(here.env["XDG_CACHE_HOME"] || join(here.home, ".cache")), "libvirt")
    : "/var/run/libvirt";
  const suffix = readOnly && !endpoint.session ? "sock-ro" : "sock";
  const legacy = join(folder, `libvirt-${suffix}`);
  const direct = join(folder, `virt${endpoint.driver === "test" ? "proxy" : endpoint.driver || "qemu"}d-${suffix}`);
  if (mode === "direct") return direct;
  if (mode === "legacy" || here.exists(legacy) || !here.exists(direct)) return legacy;
  return direct;
}
