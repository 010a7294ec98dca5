/** What drives the VMs there. */
export const hypervisorDrivers = ["qemu", "xen", "lxc"] as const;
export type Driver = (typeof hypervisorDrivers)[number];

/**
 * - `local`: this machine
 * - `ssh`, `tls`, `tcp`: over the network
 * - `socket`: a Unix socket somewhere else on the server's machine
 * - `simulated`: no machine at all, for trying out
 * - `uri`: as it is written
 */
export const ways = ["ssh", "tls", "local", "tcp", "socket", "simulated", "uri"] as const;
export type Way = (typeof ways)[number];

/** What was filled in of the form; a text that is not asked for by the way is left alone. */
export interface HostDraft {
  driver: Driver;
  way: Way;
  machine: string;
  port: string;
  user: string;
  /** Private key on the server's machine. */
  keyFile: string;
  /** Folder of certificates on the server's machine. */
  certificates: string;
  socket: string;
  estate: string;
  simulatedVms: string;
  uri: string;
}

export const emptyDraft: HostDraft = {
  driver: "qemu",
  way: "ssh",
  machine: "",
  port: "",
  user: "root",
  keyFile: "",
  certificates: "",
  socket: "",
  estate: "demo",
  simulatedVms: "10",
  uri: "",
};

/** What the driver is asked to open. */
const path = (driver: Driver): string => (driver === "lxc" ? "/" : "/system");
/** A name, an IPv4 address, or an IPv6 one in its brackets. */
const authority = ({ machine, port, user }: HostDraft, withUser: boolean): string => {
  const name = machine.trim();
  const host = name.includes(":") && !name.startsWith("[") ? `[${name}]` : name;
  return `${withUser && user.trim() !== "" ? `${encodeURIComponent(user.trim())}@` : ""}${host}${port.trim() === "" ? "" : `:${port.trim()}`}`;
};
const query = (values: Readonly<Record<string, string>>): string => {
  const given = Object.entries(values).filter(([, value]) => value.trim() !== "");
  return given.length === 0 ? "" : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(value.trim()).replaceAll("%2F", "/")}`).join("&")}`;
};

/** The URI of what was filled in; undefined while something is missing that it cannot be without. */
export function hostUri(draft: HostDraft): string | undefined {
  const { driver, way } = draft;
  switch (way) {
    case "local":
      return `${driver}://${path(driver)}`;
    case "ssh":
      if (draft.machine.trim() === "") return undefined;
      return `${driver}+ssh://${authority(draft, true)}${path(driver)}${query({ keyfile: draft.keyFile })}`;
    case "tls":
      if (draft.machine.trim() === "") return undefined;
      return `${driver}+tls://${authority(draft, false)}${path(driver)}${query({ pkipath: draft.certificates })}`;
    case "tcp":
      if (draft.machine.trim() === "") return undefined;
      return `${driver}+tcp://${authority(draft, false)}${path(driver)}`;
    case "socket":
      if (draft.socket.trim() === "") return undefined;
      return `${driver}+unix://${path(driver)}${query({ socket: draft.socket })}`;
    case "simulated":
      if (draft.estate.trim() === "" || draft.machine.trim() === "") return undefined;
      return `sim://${encodeURIComponent(draft.estate.trim())}/${encodeURIComponent(draft.machine.trim())}${query({ vms: draft.simulatedVms })}`;
    case "uri":
      return draft.uri.trim() === "" ? undefined : draft.uri.trim();
  }
}
