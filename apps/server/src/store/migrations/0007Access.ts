/** Folders, roles of the site's own, and grants. */
export const access = {
  version: 7,
  name: "access",
  sql: `
create table folder (
  id text primary key, parent_id text references folder on delete restrict, name text not null,
  revision integer not null default 1, created_at timestamptz not null default now()
);
create unique index folder_name on folder (coalesce(parent_id, ''), name);
create table role (
  id text primary key, name text not null unique, description text not null default '', permissions text[] not null,
  revision integer not null default 1, created_at timestamptz not null default now()
);
create table permission_grant (
  id text primary key, role_id text not null,
  account_id text references account on delete cascade, group_id text references account_group on delete cascade,
  scope_on text not null check (scope_on in ('site', 'folder', 'tag', 'selector', 'object')), scope text not null default '',
  effect text not null check (effect in ('allow', 'deny')), by_account text, created_at timestamptz not null default now(),
  check ((account_id is null) <> (group_id is null))
);
create index permission_grant_account on permission_grant (account_id);
create index permission_grant_group on permission_grant (group_id);
create index task_by_account on task (by_account, created_at desc, id desc);
insert into permission_grant (id, role_id, group_id, scope_on, effect) values ('grant-administrators', 'administrator', 'g-administrators', 'site', 'allow');
`,
} as const;
