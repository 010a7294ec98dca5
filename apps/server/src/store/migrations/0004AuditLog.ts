/** The audit log: see docs/decisions/2026-11-21-audit-log.md. Rows are only ever added; the triggers are a second lock beside the hashes. */
export const auditLog = {
  version: 4,
  name: "audit log",
  sql: `
create table audit_head (one boolean primary key default true check (one), chain text not null, seq bigint not null, hash text not null, root jsonb);
create table audit_entry (seq bigint primary key, entry jsonb not null, hash text not null);
create table audit_checkpoint (seq bigint not null, server text not null, body jsonb not null, primary key (seq, server));
create index audit_entry_at on audit_entry ((entry ->> 'at'), seq);
create index audit_entry_by on audit_entry ((entry ->> 'by'), seq);
create index audit_entry_action on audit_entry ((entry ->> 'action'), seq);
create index audit_entry_object on audit_entry ((entry ->> 'object'), seq) where entry ->> 'object' is not null;

create function audit_entry_is_kept() returns trigger language plpgsql set search_path from current as $$
begin
  -- An archived beginning may go: it is signed, and the head names it as the chain's root.
  if tg_op = 'DELETE' then
    if old.seq <= (select coalesce((root ->> 'seq')::bigint, 0) from audit_head) then return old; end if;
  end if;
  raise exception 'entries of the audit log are never changed or deleted' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_entry_is_kept before update or delete on audit_entry for each row execute function audit_entry_is_kept();
create trigger audit_entry_is_not_emptied before truncate on audit_entry for each statement execute function audit_entry_is_kept();

create function audit_head_goes_on() returns trigger language plpgsql set search_path from current as $$
begin
  if tg_op = 'UPDATE' then
    if new.chain = old.chain and new.seq >= old.seq and coalesce((new.root ->> 'seq')::bigint, 0) >= coalesce((old.root ->> 'seq')::bigint, 0) then return new; end if;
  end if;
  raise exception 'the audit log does not go back' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_head_goes_on before update or delete on audit_head for each row execute function audit_head_goes_on();
`,
} as const;
