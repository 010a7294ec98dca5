import { setTimeout as delay } from "node:timers/promises";
import type { SitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import type { FaultProxy, Weather } from "./faultProxy.ts";
import type { Random } from "./random.ts";
import type { StormHost } from "./stormHost.ts";
import type { StormServer } from "./stormServer.ts";

export interface Scene {
  hosts: readonly StormHost[];
  servers: readonly StormServer[];
  site: SitePostgres;
  stop: AbortSignal;
  tell(line: string): void;
}

const day = 86_400_000;
const clockSteps = [-365 * day, -day, -3_600_000, -30_000, 30_000, 3_600_000, day, 365 * day];

/** Bad weather on the ways between programs, one after the other, until the storm ends. */
export async function badWeather(scene: Scene, random: Random): Promise<number> {
  for (let n = 0; ; n++) {
    await pause(scene, random.int(50, 1_500));
    if (scene.stop.aborted) return n;
    const host = random.pick(scene.hosts);
    const server = random.pick(scene.servers);
    const [what, proxy]: [string, FaultProxy] = random.int(0, 2) > 0 ? [host.name, host.proxy] : [`the database of ${server.name}`, server.database];
    const kind = random.weighted({ cut: 4, stall: 3, slow: 3, trickle: 2, refuse: 2 });
    const ms = random.int(300, kind === "stall" ? 12_000 : 5_000);
    scene.tell(`fault: ${kind} ${what} ${ms} ms`);
    if (kind === "cut") {
      proxy.cut();
      continue;
    }
    const weather: Record<typeof kind, Weather> = {
      stall: { kind: "stall" },
      slow: { kind: "slow", ms: random.int(5, 150) },
      trickle: { kind: "trickle", bytes: random.int(1, 200) },
      refuse: { kind: "refuse" },
    };
    proxy.weather = weather[kind];
    if (kind === "refuse") proxy.cut();
    await pause(scene, ms);
    if (random.int(0, 3) === 0) proxy.cut();
    if (proxy !== host.proxy || host.up) proxy.weather = { kind: "clear" };
  }
}

/** Deaths and pauses of programs, and steps of clocks, one after the other, until the storm ends. */
export async function trouble(scene: Scene, random: Random, spared: StormServer | undefined): Promise<number> {
  const { hosts, servers, site, tell } = scene;
  const mortal = servers.filter((server) => server !== spared);
  for (let n = 0; ; n++) {
    await pause(scene, random.int(200, 2_500));
    if (scene.stop.aborted) return n;
    const host = random.pick(hosts);
    const server = random.pick(servers);
    const ms = random.int(200, 11_000);
    const short = Math.ceil(ms / 4);
    const kind = random.weighted({
      "kill host": 3,
      "pause host": 3,
      "kill server": mortal.length > 0 ? 3 : 0,
      "pause server": 3,
      "end server": mortal.length > 0 ? 1 : 0,
      "kill database": 1,
      "pause database": 2,
      clock: 4,
    });
    const victim = kind === "kill server" || kind === "end server" ? random.pick(mortal) : server;
    tell(`fault: ${kind} ${kind.endsWith("host") ? host.name : kind.endsWith("server") || kind === "clock" ? victim.name : ""} ${ms} ms`);
    switch (kind) {
      case "kill host":
        await host.crash(short);
        break;
      case "pause host":
        await host.pause(ms);
        break;
      case "kill server":
      case "end server":
        await victim.signal(kind === "kill server" ? "SIGKILL" : "SIGTERM");
        await delay(short);
        // A machine that comes up without its battery comes up in another year.
        await victim.start(random.int(0, 2) === 0 ? random.pick(clockSteps) : 0);
        break;
      case "pause server":
        await victim.signal("SIGSTOP");
        await delay(ms);
        await victim.signal("SIGCONT");
        break;
      case "kill database":
        await site.signal("SIGKILL");
        await delay(short);
        await site.restart();
        break;
      case "pause database":
        await site.signal("SIGSTOP");
        await delay(ms);
        await site.signal("SIGCONT");
        break;
      case "clock":
        await victim.step(victim.clock === 0 ? random.pick(clockSteps) : 0);
    }
  }
}

/** Fair weather everywhere, and right clocks. */
export async function calm({ hosts, servers }: Pick<Scene, "hosts" | "servers">): Promise<void> {
  for (const host of hosts) host.proxy.weather = { kind: "clear" };
  for (const server of servers) {
    server.database.weather = { kind: "clear" };
    // One that died by itself is a fault that is told in the end; what the others and it make of that is compared all the same.
    if (server.process.exitCode !== null) await server.start();
    else await server.step(0);
  }
}

const pause = (scene: Scene, ms: number): Promise<void> => delay(ms, undefined, { signal: scene.stop }).catch(() => undefined);
