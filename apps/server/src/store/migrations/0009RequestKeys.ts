/** What came of writes with an Idempotency-Key: see `http/requestKeys.ts`. Request and answer are sealed. */
export const requestKeys = {
  version: 9,
  name: "request keys",
  sql: `
create table request_key (
  account_id text not null, key text not null, route text not null, request bytea not null, state text not null default 'begun' check (state in ('begun', 'kept', 'done')),
  holder text not null, alive_until timestamptz not null, object text, answer bytea, expires_at timestamptz not null,
  primary key (account_id, key)
);
create index request_key_holder on request_key (holder) where state <> 'done';
create index request_key_end on request_key (expires_at);
`,
} as const;
