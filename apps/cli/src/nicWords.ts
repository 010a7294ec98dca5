import type { NicSpec } from "@polyvisor/model";
import { usageFailure } from "./failure.ts";

const models = ["virtio", "e1000", "e1000e", "rtl8139", "netfront"] as const;

/** A NIC of the command line: `network=default,model=virtio`, `bridge=br0,mac=52:54:00:12:34:56`, `user`. A bare word is a network. */
export function parseNic(text: string, place = "nic"): Partial<NicSpec> {
  const nic: Partial<NicSpec> = {};
  const fail = (word: string, why: string): never => {
    throw usageFailure(`${place}: "${word}" in "${text}": ${why}.`, "For example network=default,model=virtio or bridge=br0,mac=52:54:00:12:34:56.");
  };
  for (const raw of text.split(",")) {
    const word = raw.trim();
    if (!word) continue;
    const [, key, value = ""] = /^([A-Za-z]+)=(.*)$/s.exec(word) ?? [];
    if (key === undefined)
      Object.assign(nic, word === "user" ? { kind: "user" } : /=/.test(word) ? fail(word, "it is not KEY=VALUE") : { kind: "network", source: word });
    else if (key === "network" || key === "bridge") Object.assign(nic, { kind: key, source: value || fail(word, "the name is empty") });
    else if (key === "mac")
      nic.mac = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(value) ? value.toLowerCase().replaceAll("-", ":") : fail(word, "it is not a MAC address");
    else if (key === "model") nic.model = models.find((model) => model === value) ?? fail(word, `known models are ${models.join(", ")}`);
    else fail(word, "known are network, bridge, model and mac");
  }
  return nic;
}
