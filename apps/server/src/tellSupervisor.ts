import { execFile } from "node:child_process";
import type { Logger } from "pino";

/**
 * Tells systemd, where it started us and asked for it (`Type=notify`), that the server serves: `systemctl start` and what
 * is ordered behind the unit wait for that. By systemd's own program, because Node has no datagram sockets of Unix.
 * @param socket the unit's NOTIFY_SOCKET; nothing is told where absent
 */
export async function tellSupervisor(socket: string | undefined, status: string, log: Logger): Promise<void> {
  if (socket === undefined || socket === "") return;
  const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", NOTIFY_SOCKET: socket };
  await new Promise<void>((resolve) => {
    execFile("systemd-notify", ["--ready", `--status=${status}`], { env, timeout: 20_000 }, (error) => {
      if (error) log.error({ error: error.message }, "systemd could not be told that the server is ready");
      resolve();
    });
  });
}
