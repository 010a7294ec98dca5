import type { Host } from "@polyvisor/model";
import type { Draft } from "../events/draft.ts";

/** Forgets a host with everything that was seen on it, and who looks after it; nothing there is touched. */
export function removeHost(draft: Draft, host: Host): void {
  const note = { cause: `the host ${host.name} was removed from Polyvisor` };
  for (const kind of ["vm", "datastore", "network"] as const) for (const object of draft.ofHost(kind, host.id)) draft.remove(object, note);
  draft.remove(host, note);
  draft.also((client) => client.query("delete from lease where host_id = $1", [host.id]));
}
