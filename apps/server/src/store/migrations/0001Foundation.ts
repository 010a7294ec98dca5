/** The tables of the foundation. See `schema.ts` for what each means. */
export const foundation = {
  version: 1,
  name: "foundation",
  sql: `
create table object (
  id text primary key, kind text not null, host_id text, native_id text, revision bigint not null, doc jsonb not null
);
create unique index object_native on object (host_id, kind, native_id) where native_id is not null;
create index object_kind on object (kind);

create table event (
  id bigint generated always as identity primary key, at timestamptz not null, type text not null, kind text not null,
  object_id text not null, fields text[] not null, cause text, task_id text, doc jsonb
);
create index event_object on event (object_id, id);
create index event_at on event (at);

create table task (
  id text primary key, state text not null, title text not null, by_account text not null, reason text not null,
  created_at timestamptz not null, started_at timestamptz, ended_at timestamptz, cancel_requested boolean not null default false,
  revision bigint not null default 1, owner text, plan jsonb not null, failure jsonb
);
create index task_created on task (created_at desc, id);
create index task_open on task (state) where state in ('queued', 'running');

create table task_step (
  task_id text not null references task on delete cascade, n integer not null, state text not null, progress real not null default 0,
  started_at timestamptz, ended_at timestamptz, message text, failure jsonb, primary key (task_id, n)
);

create table account (id text primary key, name text not null unique, pass_phrase_hash text, created_at timestamptz not null default now());
create table token (
  id text primary key, account_id text not null references account on delete cascade, use text not null, name text not null,
  hash bytea not null unique, created_at timestamptz not null default now(), last_used_at timestamptz, expires_at timestamptz
);
create table sign_in_code (hash bytea primary key, account_id text not null references account on delete cascade, expires_at timestamptz not null);
create table idempotency (
  account_id text not null, key text not null, request_hash bytea not null, task_id text not null references task on delete cascade,
  created_at timestamptz not null default now(), primary key (account_id, key)
);
create table credential (host_id text primary key, sealed bytea not null);

create table sample (
  at timestamptz not null, object_id text not null, seconds real not null, cpu real, cpu_wait real, memory_used bigint,
  disk_read real, disk_write real, net_receive real, net_transmit real
) partition by range (at);
create index sample_object on sample (object_id, at);

create table setting (key text primary key, value jsonb not null);
`,
} as const;
