import { formatBytes, formatDuration } from "@polyvisor/model";
import { powerOff } from "../actions/power.ts";
import type { SimHost } from "../simHost.ts";
import type { SimVm } from "../simVm.ts";
import type { BytePipe } from "./pipe.ts";

const maxLine = 1024;
const commands: Record<string, string> = {
  help: "this list",
  uptime: "how long the guest has run",
  uname: "what it is",
  free: "its memory",
  ip: "its addresses",
  echo: "says its words again",
  poweroff: "powers the guest off",
  exit: "ends nothing: there is only this shell",
};

/** A guest's text console: a banner, a prompt, and a shell that echoes and knows a few commands. Ends when the guest is off. */
export async function serveShell(host: SimHost, vm: SimVm, input: BytePipe, output: BytePipe): Promise<void> {
  const utf8 = new TextEncoder();
  const say = (text: string): Promise<void> => output.write(utf8.encode(text));
  const prompt = `${vm.name}:~# `;
  let line: number[] = [];
  let escape = 0; // inside an escape sequence of the terminal: cursor keys and the like are ignored
  try {
    await say(`\r\n${vm.os ?? "Simulated guest"} on ${vm.name} (ttyS0)\r\nThis guest is simulated. Type help.\r\n\r\n${prompt}`);
    for await (const chunk of input) {
      for (const byte of chunk) {
        if (vm.live === undefined) return;
        if (vm.state === "paused" || vm.state === "suspended") continue;
        if (escape > 0) escape = escape === 1 && byte === 0x5b ? 2 : escape === 2 && (byte < 0x40 || byte > 0x7e) ? 2 : 0;
        else if (byte === 0x1b) escape = 1;
        else if (byte === 0x0d || byte === 0x0a) {
          await say("\r\n");
          const text = new TextDecoder().decode(Uint8Array.from(line)).trim();
          line = [];
          if (await obey(host, vm, text, say)) return;
          await say(prompt);
        } else if (byte === 0x7f || byte === 0x08) {
          if (line.length > 0) await say("\b \b");
          while (line.length > 0 && (line.pop()! & 0xc0) === 0x80); // a whole character of UTF-8
        } else if (byte === 0x03) {
          line = [];
          await say(`^C\r\n${prompt}`);
        } else if (byte === 0x0c) await say(`\x1b[H\x1b[2J${prompt}`);
        else if (byte >= 0x20 && line.length < maxLine) {
          line.push(byte);
          await output.write(Uint8Array.of(byte));
        }
      }
    }
  } catch {
    // The caller closed the channel: there is nobody to tell.
  } finally {
    output.end();
    await output.drained();
  }
}

/** @returns whether the guest is off now */
async function obey(host: SimHost, vm: SimVm, text: string, say: (text: string) => Promise<void>): Promise<boolean> {
  const [command = "", ...words] = text.split(/\s+/);
  switch (command) {
    case "":
      return false;
    case "help":
      for (const [name, means] of Object.entries(commands)) await say(`  ${name.padEnd(10)}${means}\r\n`);
      return false;
    case "uptime":
      await say(`up ${formatDuration(vm.meter.read(host.world.schedule.now()).seconds)}, ${vm.live?.vcpus.current ?? 0} vCPUs\r\n`);
      return false;
    case "uname":
      await say(`${vm.os ?? "Simulated guest"} ${vm.arch}\r\n`);
      return false;
    case "free":
      await say(`memory ${formatBytes(vm.live?.memory.current ?? 0)}\r\n`);
      return false;
    case "ip":
      for (const nic of host.factsOf(vm).nics) await say(`${nic.mac} ${nic.addresses.join(" ")}\r\n`);
      return false;
    case "echo":
      await say(`${words.join(" ")}\r\n`);
      return false;
    case "exit":
      return false;
    case "poweroff":
    case "halt":
    case "shutdown":
      await say("The system is going down.\r\n");
      if (vm.live) powerOff(host, vm, "off", "shutdown", "stopped: shutdown");
      return true;
    default:
      await say(`${command.slice(0, 80)}: no such command; type help\r\n`);
      return false;
  }
}
