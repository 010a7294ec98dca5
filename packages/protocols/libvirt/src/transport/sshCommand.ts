import type { Endpoint } from "../endpoint/parseUri.ts";

/** A word for a POSIX shell, whatever it holds. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Command that connects an SSH session's input and output to libvirt on the far side: libvirt's own helper, which
 * knows where the socket is and starts a session daemon; else netcat on the socket's path.
 */
export function sshCommand(endpoint: Endpoint, socket: string, readOnly: boolean): string {
  const { netcat, proxy } = endpoint.params;
  const nc = quoted(netcat ?? "nc");
  const viaNetcat = `if ${nc} -q 2>&1 | grep -q "requires an argument"; then exec ${nc} -q0 -U ${quoted(socket)}; else exec ${nc} -U ${quoted(socket)}; fi`;
  const viaHelper = `exec virt-ssh-helper ${readOnly ? "-r " : ""}${quoted(endpoint.name)}`;
  const chosen = endpoint.params.socket || netcat ? "netcat" : (proxy ?? (endpoint.session ? "native" : "auto"));
  const script =
    chosen === "netcat"
      ? viaNetcat
      : chosen === "native"
        ? viaHelper
        : `if command -v virt-ssh-helper >/dev/null 2>&1; then ${viaHelper}; else ${viaNetcat}; fi`;
  return `sh -c ${quoted(script)}`;
}
