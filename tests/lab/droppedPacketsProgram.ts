import { execFileSync } from "node:child_process";
import { connect, ConnectionError } from "@polyvisor/protocol-libvirt";
import { PrivateLibvirtd } from "./privateLibvirtd.ts";

/** Runs in a network of its own: a host answers, then every packet from it is dropped. Prints what its clients are told. */
const kindOf = (error: unknown): string => (error instanceof ConnectionError ? error.kind : String(error));
await using daemon = await PrivateLibvirtd.start({ listen: "tcp" });
const uri = `test+tcp://127.0.0.1:${daemon.port}/default`;
const conn = await connect(uri, { callTimeoutMs: 0, keepalive: { intervalMs: 200, count: 3 } });
const { hostname } = await conn.call.connectGetHostname();
execFileSync("iptables", ["-A", "INPUT", "-p", "tcp", "--sport", String(daemon.port), "-j", "DROP"]);
const pending = Array.from({ length: 3 }, () => conn.call.connectGetHostname().then(() => "answered", kindOf));
const calls = await Promise.all(pending);
const over = (await conn.closed).kind;
const anew = await connect(uri, { openTimeoutMs: 500 }).then(() => "connected", kindOf);
execFileSync("iptables", ["-F", "INPUT"]);
const back = await connect(uri, { openTimeoutMs: 10_000 });
process.stdout.write(JSON.stringify({ answered: hostname !== "", calls, over, anew, back: (await back.call.connectGetHostname()).hostname === hostname }));
await back.close();
