/** Accounts, groups, scopes, second factors and identity providers. See `identityTables.ts` for what each means. */
export const identity = {
  version: 3,
  name: "identity",
  sql: `
alter table account
  add column display_name text not null default '', add column source text not null default 'local', add column provider text,
  add column external_id text, add column disabled boolean not null default false, add column revision bigint not null default 1,
  add column last_sign_in_at timestamptz;
create unique index account_external on account (provider, external_id) where external_id is not null;

create table account_group (
  id text primary key, name text not null unique, description text not null default '', revision bigint not null default 1,
  created_at timestamptz not null default now()
);
create table membership (
  account_id text not null references account on delete cascade, group_id text not null references account_group on delete cascade,
  via text not null default 'local', primary key (account_id, group_id, via)
);
create index membership_group on membership (group_id);
insert into account_group (id, name, description) values ('g-administrators', 'administrators', 'May do everything.');
insert into membership (account_id, group_id) select id, 'g-administrators' from account where name = 'admin';

alter table token
  add column scope jsonb, add column address text, add column client text, add column signed_in_by text, add column last_address text;
create index token_account on token (account_id);
alter table sign_in_code add column verifier bytea, add column signed_in_by text;

create table known_place (
  account_id text not null references account on delete cascade, place text not null, last_at timestamptz not null,
  primary key (account_id, place)
);
create table totp (
  account_id text primary key references account on delete cascade, sealed bytea not null, confirmed_at timestamptz,
  last_step bigint not null default 0, created_at timestamptz not null default now()
);
create table recovery_code (hash bytea primary key, account_id text not null references account on delete cascade);
create index recovery_code_account on recovery_code (account_id);
create table passkey (
  id text primary key, account_id text not null references account on delete cascade, name text not null, public_key bytea not null,
  counter bigint not null default 0, transports text[] not null default '{}', created_at timestamptz not null default now(),
  last_used_at timestamptz
);
create index passkey_account on passkey (account_id);
create table identity_provider (
  name text primary key, kind text not null, enabled boolean not null default true, config jsonb not null, sealed bytea,
  revision bigint not null default 1, changed_at timestamptz not null default now()
);
create table used_once (hash bytea primary key, expires_at timestamptz not null);
create index used_once_end on used_once (expires_at);
`,
} as const;
