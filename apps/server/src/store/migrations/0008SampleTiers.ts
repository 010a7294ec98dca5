const figures =
  "cpu cpu_use cpu_wait cpu_io_wait memory_used memory_resident memory_available disk_read disk_write disk_reads disk_writes disk_read_latency disk_write_latency net_receive net_transmit".split(
    " ",
  );
const added = figures.filter((name) => !["cpu", "cpu_wait", "memory_used", "disk_read", "disk_write", "net_receive", "net_transmit"].includes(name));
const coarse = figures.map((name) => `${name} real, ${name}_min real, ${name}_max real, ${name}_s real`).join(", ");

/**
 * Samples of 5 minutes and of an hour beside those of 20 s. In the coarser ones NAME is the mean; NAME_min and NAME_max
 * are null where they equal it, NAME_s (the seconds that the figure covers) where it equals `seconds`: most do, and a
 * null takes no room.
 */
export const sampleTiers = {
  version: 8,
  name: "sample tiers",
  sql: `
${added.map((name) => `alter table sample add column ${name} real;`).join("\n")}
create index sample_at on sample using brin (at) with (pages_per_range = 16);

create table sample_5m (object_id text not null, at timestamptz not null, seconds real not null, ${coarse}, primary key (object_id, at)) partition by range (at);
create index sample_5m_at on sample_5m using brin (at) with (pages_per_range = 16);
create table sample_1h (object_id text not null, at timestamptz not null, seconds real not null, ${coarse}, primary key (object_id, at)) partition by range (at);

-- until: what was measured up to then is in the tier. closing: up to here it is, or is being, put in; who writes a
-- measurement that is older notes its stretch in sample_late.
create table sample_tier (name text primary key, until timestamptz not null, closing timestamptz not null);
insert into sample_tier select name, date_trunc('day', now(), 'UTC') - interval '15 days', date_trunc('day', now(), 'UTC') - interval '15 days'
from unnest(array['5m', '1h']) as name;
create table sample_late (tier text not null, at timestamptz not null, primary key (tier, at));
`,
} as const;
