/**
 * What the history needs beside `event`: which objects there ever were and what they were called, what it costs, and
 * how far back it reaches. Kept by triggers, so that a server of before writes them too.
 */
export const history = {
  version: 6,
  name: "history",
  sql: `
create table history_object (
  object_id text collate "C" primary key, kind text not null, native_id text, born bigint not null, gone bigint
);
create index history_object_kind on history_object (kind, object_id);
create index history_object_native on history_object (native_id) where native_id is not null;
create table history_name (kind text not null, name text not null, object_id text collate "C" not null references history_object on delete cascade, primary key (kind, name, object_id));
create index history_name_object on history_name (object_id);
create table history_size (kind text not null, day date not null, rows bigint not null, bytes bigint not null, primary key (kind, day));
create table history_horizon (kind text primary key, id bigint not null, at timestamptz not null);

create function history_take() returns trigger language plpgsql set search_path from current as $$
begin
  insert into history_size as s (kind, day, rows, bytes)
    select kind, (at at time zone 'UTC')::date, count(*), sum(pg_column_size(fresh)) from fresh group by 1, 2 order by 1, 2
    on conflict (kind, day) do update set rows = s.rows + excluded.rows, bytes = s.bytes + excluded.bytes;
  if exists (select from fresh where kind <> 'task' and (type <> 'changed' or fields && array['name', 'nativeId'])) then
    insert into history_object as o (object_id, kind, native_id, born, gone)
      select distinct on (object_id) object_id, kind, doc ->> 'nativeId', min(id) over (partition by object_id), case when type = 'deleted' then id end
      from fresh where kind <> 'task' and (type <> 'changed' or fields && array['name', 'nativeId']) order by object_id, id desc
      on conflict (object_id) do update set gone = excluded.gone, native_id = coalesce(excluded.native_id, o.native_id);
    insert into history_name (kind, name, object_id)
      select distinct kind, doc ->> 'name', object_id from fresh where kind <> 'task' and doc ->> 'name' is not null and (type <> 'changed' or 'name' = any (fields))
      on conflict do nothing;
  end if;
  return null;
end $$;
create trigger history_take after insert on event referencing new table as fresh for each statement execute function history_take();

create function history_drop() returns trigger language plpgsql set search_path from current as $$
begin
  update history_size s set rows = s.rows - d.rows, bytes = s.bytes - d.bytes
    from (select kind, (at at time zone 'UTC')::date as day, count(*) as rows, sum(pg_column_size(old_rows)) as bytes from old_rows group by 1, 2) d
    where s.kind = d.kind and s.day = d.day;
  return null;
end $$;
create trigger history_drop after delete on event referencing old table as old_rows for each statement execute function history_drop();

insert into history_size select kind, (at at time zone 'UTC')::date, count(*), sum(pg_column_size(event)) from event group by 1, 2;
insert into history_object
  select distinct on (object_id) object_id, kind, doc ->> 'nativeId', min(id) over (partition by object_id), case when type = 'deleted' then id end
  from event where kind <> 'task' order by object_id, id desc;
insert into history_name select distinct kind, doc ->> 'name', object_id from event where kind <> 'task' and doc ->> 'name' is not null;
insert into history_horizon
  select kind, coalesce((select min(id) - 1 from event), 0), coalesce((select min(at) from event), now()) from unnest(array['host', 'vm', 'datastore', 'network', 'task']) as kind;
`,
} as const;
