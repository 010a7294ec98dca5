import type { Figures, LoadRow } from "../controlPlane.ts";

/** A label's value as OpenMetrics wants it. */
const escape = (text: string): string => text.replace(/[\\"\n]/g, (each) => (each === "\n" ? "\\n" : `\\${each}`));

const loads: readonly [name: string, unit: string, help: string, value: (row: LoadRow) => number | undefined][] = [
  ["cpu_processors", "", "Processors busy: 1.5 is one and a half", (row) => row.load.cpu],
  ["cpu_wait_processors", "", "Processors' worth of time that vCPUs waited for a processor", (row) => row.load.cpuWait],
  ["memory_used_bytes", "bytes", "Memory in use", (row) => row.load.memoryUsed],
  ["disk_read_bytes_per_second", "", "Bytes read from disks each second", (row) => row.load.diskReadBytesPerSecond],
  ["disk_write_bytes_per_second", "", "Bytes written to disks each second", (row) => row.load.diskWriteBytesPerSecond],
  ["network_receive_bytes_per_second", "", "Bytes received each second", (row) => row.load.netReceiveBytesPerSecond],
  ["network_transmit_bytes_per_second", "", "Bytes sent each second", (row) => row.load.netTransmitBytesPerSecond],
];

const family = (name: string, type: "gauge" | "counter", help: string, unit = ""): string =>
  `# TYPE ${name} ${type}\n${unit ? `# UNIT ${name} ${unit}\n` : ""}# HELP ${name} ${help}\n`;
const byLabel = (name: string, label: string, values: Record<string, number>): string =>
  Object.entries(values)
    .map(([key, value]) => `${name}{${label}="${escape(key)}"} ${value}\n`)
    .join("");

/**
 * The estate's figures as OpenMetrics text in pieces, so that 100,000 VMs neither block the loop nor fill the memory.
 * Written here and not by the metrics library: it keeps an object for every label set, which is one per VM and figure.
 */
export function* estateText(figures: Figures): Generator<string> {
  const { changeLag, events, journal, samples, tasks } = figures;
  const one = (name: string, type: "gauge" | "counter", help: string, value: number, unit = ""): string =>
    `${family(name, type, help, unit)}${name}${type === "counter" ? "_total" : ""} ${value}\n`;
  yield [
    family("polyvisor_hosts", "gauge", "Hosts by connection state"),
    byLabel("polyvisor_hosts", "state", figures.hosts),
    family("polyvisor_vms", "gauge", "VMs by state"),
    byLabel("polyvisor_vms", "state", figures.vms),
    one("polyvisor_datastores", "gauge", "Datastores", figures.datastores),
    one("polyvisor_networks", "gauge", "Networks", figures.networks),
    family("polyvisor_tasks_open", "gauge", "Tasks that are not over, by state"),
    byLabel("polyvisor_tasks_open", "state", tasks.open),
    family("polyvisor_tasks_ended", "counter", "Tasks that ended since the start, by outcome"),
    byLabel("polyvisor_tasks_ended_total", "state", tasks.ended),
    one("polyvisor_steps_running", "gauge", "Steps of tasks under way", tasks.stepsRunning),
    family("polyvisor_change_lag_seconds", "gauge", "From the arrival of a change to its publication", "seconds"),
    byLabel("polyvisor_change_lag_seconds", "quantile", { "0.5": changeLag.p50, "0.99": changeLag.p99, "1": changeLag.max }),
    one("polyvisor_events_published", "counter", "Events published since the start", events.published),
    one("polyvisor_event_id", "gauge", "Id of the last event", events.lastId),
    one("polyvisor_event_readers", "gauge", "Readers of the event stream", events.subscribers),
    one("polyvisor_event_resets", "counter", "Readers that had to read everything anew", events.resets),
    one("polyvisor_journal_waiting", "gauge", "Changes that wait to be kept", journal.waiting),
    one("polyvisor_journal_commits", "counter", "Commits of changes", journal.commits),
    one("polyvisor_journal_failures", "counter", "Commits of changes that failed and were repeated", journal.failures),
    one("polyvisor_sample_rounds", "counter", "Rounds of measurement", samples.rounds),
    one("polyvisor_sample_failures", "counter", "Measurements of a host that failed", samples.failures),
    one("polyvisor_sample_rows", "counter", "Rows of samples kept", samples.rowsWritten),
    one("polyvisor_sample_rows_refused", "counter", "Rows of samples that the database refused, or whose time cannot be", samples.refused),
    one("polyvisor_sample_rows_lost", "counter", "Rows of samples that waited too long for the database", samples.lost),
    one("polyvisor_sample_rows_waiting", "gauge", "Rows of samples that wait for the database", samples.waiting),
    one("polyvisor_sample_interval_seconds", "gauge", "Between two measurements of an object", samples.interval, "seconds"),
  ].join("");
  yield* loadText("polyvisor_host", figures.hostLoads, (row) => `host="${escape(row.name)}",id="${row.id}"`);
  yield* loadText("polyvisor_vm", figures.vmLoads, (row) => `vm="${escape(row.name)}",host="${escape(row.host)}",id="${row.id}"`);
}

/** Walks the rows once for each figure: a list of all of them, or of their labels, would hold up everybody else while it is made. */
function* loadText(prefix: string, rows: Iterable<LoadRow>, labelsOf: (row: LoadRow) => string): Generator<string> {
  for (const [suffix, unit, help, valueOf] of loads) {
    const name = `${prefix}_${suffix}`;
    let text = family(name, "gauge", help, unit);
    for (const row of rows) {
      const value = valueOf(row);
      if (value !== undefined) text += `${name}{${labelsOf(row)}} ${value}\n`;
      if (text.length > 65_536) {
        yield text;
        text = "";
      }
    }
    yield text;
  }
}
