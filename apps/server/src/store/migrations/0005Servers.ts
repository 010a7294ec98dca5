/** Several servers on one database: who is there, who looks after which host, and steps that one server carries out for another. */
export const servers = {
  version: 5,
  name: "servers",
  sql: `
create table server (
  id text primary key, incarnation text not null, name text not null, url text not null, version text not null,
  beat bigint not null default 0, started_at timestamptz not null default now(), beat_at timestamptz not null default now(), certificate text
);
create table lease (host_id text primary key, server_id text, fence bigint not null default 1);
create index lease_server on lease (server_id);
alter table task add column fence bigint not null default 1;
create table step_work (
  task_id text not null references task on delete cascade, n integer not null, host_id text not null, coordinator text not null,
  step jsonb not null, state text not null, interrupted boolean not null default false, cancel boolean not null default false,
  performer text, fence bigint, progress real not null default 0, message text, failure jsonb, primary key (task_id, n)
);
create index step_work_host on step_work (host_id) where state <> 'done';
`,
} as const;
