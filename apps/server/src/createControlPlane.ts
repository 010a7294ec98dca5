import { randomBytes } from "node:crypto";
import { homedir, hostname } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Request } from "@polyvisor/api";
import { connectHypervisor } from "@polyvisor/hypervisors";
import { connectionStates, type Vm } from "@polyvisor/model";
import type { PlanAccess } from "./access/planAccess.ts";
import type { ControlPlane, ControlPlaneOptions, Figures, Intervals } from "./controlPlane.ts";
import { Cluster } from "./cluster/cluster.ts";
import { closeParts, type Parts } from "./closeParts.ts";
import { Attribution } from "./estate/attribution.ts";
import { changeVm } from "./estate/changeVm.ts";
import { Estate } from "./estate/estate.ts";
import { explainVm } from "./estate/explain.ts";
import { InventoryRules } from "./estate/inventoryRules.ts";
import { followBehind, loadEstate } from "./estate/loadEstate.ts";
import { EventLog } from "./events/eventLog.ts";
import { follow } from "./events/follower.ts";
import { Housekeeping } from "./events/housekeeping.ts";
import { Journal } from "./events/journal.ts";
import { Hosts } from "./hosts/hosts.ts";
import { roomLog } from "./logRooms.ts";
import { History } from "./history/history.ts";
import { newId } from "./newId.ts";
import { makeWork } from "./plans/makeWork.ts";
import type { Work } from "./plans/work.ts";
import { Sampler } from "./samples/sampler.ts";
import { Arrivals } from "./tasks/arrivals.ts";
import { placeVm } from "./tasks/placeVm.ts";
import { StepPerformer } from "./tasks/performStep.ts";
import { StepTurns } from "./tasks/stepTurns.ts";
import { StepWork } from "./tasks/stepWork.ts";
import { TaskKeys } from "./tasks/taskKeys.ts";
import { Tasks } from "./tasks/tasks.ts";
import { Templates } from "./templates/templates.ts";

const standard: Intervals = {
  sample: 20_000,
  reconnectMax: 3_500,
  openTimeout: 10_000,
  callTimeout: 30_000,
  hostWait: 60_000,
  stopGrace: 5_000,
  keepEventsDays: 30,
  samplesPerSecond: 2_500,
  // An hour and a day more than is promised, so that the promised time is there as a whole.
  keepSamplesDays: { "20s": 25 / 24, "5m": 32, "1h": 367 },
};
const ownRecipes = fileURLToPath(new URL("../recipes/", import.meta.url));

/**
 * Puts the control plane together, brings the estate back from the store and goes on with what was open. When that
 * fails, all that it had opened is closed again.
 */
export async function createControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const intervals = { ...standard, ...options.intervals };
  const parts: Parts = {};
  try {
    return await putTogether(options, intervals, parts);
  } catch (error) {
    await closeParts(parts, intervals.stopGrace).catch((inner: unknown) => options.log.error({ err: inner }, "a part could not be stopped"));
    throw error;
  }
}

async function putTogether(options: ControlPlaneOptions, intervals: Intervals, parts: Parts): Promise<ControlPlane> {
  const { store, log, serverId, now = Date.now } = options;
  const { pool } = store;
  const estate = new Estate({ now, loadKeptMs: intervals.sample * 3 });
  const last = await loadEstate(pool, estate);
  const events = (parts.events = await EventLog.open(pool, now, last));
  const journal = new Journal({
    pool,
    estate,
    log: roomLog(log, "events"),
    serverId,
    now,
    last,
    publish: (list) => events.publish(list),
    applied: (event, before, own) => {
      if (!own && event.kind === "vm") {
        const vm = event.object as Vm | undefined;
        rules.seen(event, before as Vm | undefined, vm ? estate.withNative("vm", vm.nativeId).filter((each) => each.id !== vm.id) : []);
      }
      hosts.applied(event, own);
      arrivals.applied(event);
    },
    lost: (claims) => {
      leases.refused(claims);
      tasks.lost(claims);
    },
    hasPeers: () => cluster.hasPeers,
    clock: options.clock,
    missed: options.missed,
  });
  events.catchUp = () => journal.catchUp();
  const attribution = new Attribution(now);
  const arrivals = new Arrivals(estate);
  const rules = new InventoryRules({ now, newId });
  const templates = await Templates.open({
    recipesFolder: options.recipesFolder ?? ownRecipes,
    folder: path.join(options.dataFolder, "templates"),
    pool,
    log: roomLog(log, "templates"),
  });
  const tell = (what: string): void => void cluster.rows.notify(what).catch((error: unknown) => log.debug({ err: error }, "other servers could not be told"));
  let started = false;
  const gained: Promise<void>[] = [];
  const cluster: Cluster = new Cluster({
    store,
    serverId,
    name: options.serverName ?? hostname(),
    version: options.version ?? "unknown",
    log: roomLog(log, "cluster"),
    times: options.term,
    clock: options.clock,
    hosts: () => estate.tables.host.byId.keys(),
    hostsChanged: () => hosts.changed,
    idle: (hostId) => hosts.users.idle(hostId),
    drain: (hostId) => hosts.users.drain(hostId, () => cluster.hurry()),
    gained: (claims) => {
      const cause = started ? "another server looked after it before" : "the server started";
      const done = hosts.gained(claims, cause, started ? undefined : housekeeping.aliveBefore);
      if (!started) gained.push(done);
      done.catch((error: unknown) => log.debug({ err: error }, "hosts could not be taken")).finally(() => void stepWork.look());
    },
    lost: (claims) => {
      for (const { id } of claims) hosts.users.undrain(id);
      return hosts.lost(claims);
    },
    superseded: () => options.superseded?.(),
    async round() {
      if (!started) return;
      await tasks.takeOver(cluster.leases.dead);
      if (cluster.hasPeers) {
        await tasks.resume();
        void stepWork.look();
      }
    },
    told(what) {
      const [kind, id = ""] = what.split(" ");
      if (kind === "step" && leases.held(id)) void stepWork.look();
      else if (kind === "task") void tasks.news(id).catch((error: unknown) => log.debug({ err: error }, "a task could not be looked at"));
      else if (kind === "refresh") hosts.again(id, "refresh");
    },
  });
  const { leases } = cluster;
  const hosts: Hosts = new Hosts({
    serverId,
    leases,
    estate,
    journal,
    rules,
    attribution,
    pool,
    secrets: options.secrets,
    log: roomLog(log, "hosts"),
    now,
    intervals,
    connect: options.connect ?? {},
    connectTo: options.connectTo ?? connectHypervisor,
    connected: (id) => sampler.connected(id),
  });
  const sampler = new Sampler({
    hosts,
    estate,
    pool,
    log: roomLog(log, "samples"),
    now,
    intervalMs: intervals.sample,
    rowsPerSecond: intervals.samplesPerSecond,
    keep: intervals.keepSamplesDays,
  });
  const plan = async (request: Request, reason: string, access?: PlanAccess): Promise<Work> => {
    // Whoever orders here may have seen at another server what is not here yet, above all when this one has just stood still:
    // without the store nothing is refused by what may be out of date.
    if (cluster.mayBeBehind) await journal.catchUp();
    if (request.do === "vm.create" || request.do === "template.build") await templates.reload();
    return makeWork({
      request,
      reason,
      estate: access?.estate ?? estate,
      access,
      templates: templates.forPlans(),
      recipes: templates.recipes(),
      isPlaced: (...place) => templates.isPlaced(...place),
      random: randomBytes,
      home: homedir(),
    });
  };
  const performer = new StepPerformer({
    hosts,
    estate,
    rules,
    attribution,
    templates,
    journal,
    arrivals,
    leases,
    heard: async (lease) => void (cluster.hasPeers && (await journal.write((draft) => draft.under(lease)))), // no other could take it over
    tell,
    hostWait: intervals.hostWait,
    place: placeVm(journal),
  });
  const turns = new StepTurns();
  const keys = (parts.keys = await TaskKeys.open({ pool, serverId, log: roomLog(log, "tasks") }));
  const stepWork: StepWork = new StepWork({
    pool,
    serverId,
    leases,
    performer,
    tell,
    log: roomLog(log, "tasks"),
    turns,
    heard: () => journal.write(() => undefined),
  });
  const tasks: Tasks = new Tasks({
    leases,
    stepWork,
    turns,
    tell,
    hostExists: (id) => estate.get("host", id) !== undefined,
    keys,
    claimTasks: (dead) => cluster.rows.claimTasks(dead),
    pool,
    journal,
    performer,
    plan: (request, _account, reason, access) => plan(request, reason, access),
    serverId,
    log: roomLog(log, "tasks"),
    now,
    boundary: (point, taskId) => options.onBoundary?.(point, taskId),
  });
  const housekeeping = (parts.housekeeping = await Housekeeping.open({
    pool,
    events,
    log: roomLog(log, "events"),
    now,
    serverId,
    keepEventsDays: intervals.keepEventsDays,
  }));
  const history = new History({ pool, estate, now, keepDays: intervals.keepEventsDays });
  let closing = false;

  Object.assign(parts, { journal, cluster, hosts, sampler, tasks });
  hosts.resume();
  await cluster.open();
  await Promise.all(gained);
  parts.follower = await follow({ store, journal, serverId, log: roomLog(log, "events") });
  await tasks.resume();
  started = true;
  sampler.start();
  housekeeping.start();

  const figures = (): Figures => {
    const byState = estate.tables.host.indexes.state;
    return {
      hosts: Object.fromEntries(connectionStates.map((state) => [state, byState.count(state)])) as Figures["hosts"],
      vms: estate.counts(),
      datastores: estate.tables.datastore.byId.size,
      networks: estate.tables.network.byId.size,
      tasks: tasks.figures(),
      changeLag: journal.lag.quantiles(),
      events: { ...events.figures, lastId: Number(events.lastId()) },
      journal: { waiting: journal.waiting, commits: journal.commits, failures: journal.failures },
      samples: sampler.figures,
      vmLoads: { [Symbol.iterator]: () => sampler.loads("vm") },
      hostLoads: { [Symbol.iterator]: () => sampler.loads("host") },
    };
  };

  followBehind(estate);
  return {
    estate,
    hosts,
    cluster,
    vms: {
      change: changeVm(journal),
      explain: (id) => {
        const vm = estate.find("vm", id);
        return explainVm(vm, estate.get("host", vm.hostId), now());
      },
    },
    plans: { make: async (request, _account, reason, access) => (await plan(request, reason, access)).plan },
    tasks,
    samples: sampler,
    events,
    history,
    templates,
    metrics: figures,
    ready: () =>
      closing ? { ok: false, reason: "the server is stopping" } : store.healthy() ? { ok: true } : { ok: false, reason: "the database does not answer" },
    async close() {
      closing = true;
      await closeParts(parts, intervals.stopGrace);
    },
  };
}
