/**
 * What a task was asked for, so that it can be done again, and which one it does again: see `tasks/retryRequest.ts`.
 * Orders with a key that are being planned: see `tasks/taskKeys.ts`; what is lost of them with a crash is planned anew.
 */
export const taskRetry = {
  version: 10,
  name: "task retry",
  sql: `
alter table task add column asked jsonb;
alter table task add column retry_of text;
create unlogged table task_order (
  account_id text not null, key text not null, request_hash bytea not null, holder text not null, alive_until timestamptz not null,
  primary key (account_id, key)
);
create index task_order_holder on task_order (holder);
`,
} as const;
