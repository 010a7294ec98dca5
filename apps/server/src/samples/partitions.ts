import type pg from "pg";
import type { Tier } from "./tiers.ts";

/** One partition: from `from` until before `to`. */
interface Span {
  name: string;
  from: number;
  to: number;
}

const iso = (at: number): string => new Date(at).toISOString();

/** The partition in which a time lies. */
export function spanOf(tier: Tier, at: number): Span {
  const digits = (length: number, time: number): string => iso(time).replaceAll(/\D/g, "").slice(0, length);
  if (tier.partitionMs === undefined) {
    const date = new Date(at);
    const from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    return { name: `${tier.table}_${digits(6, from)}`, from, to: Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) };
  }
  const from = Math.floor(at / tier.partitionMs) * tier.partitionMs;
  return { name: `${tier.table}_${digits(tier.partitionMs < 86_400_000 ? 10 : 8, from)}`, from, to: from + tier.partitionMs };
}

/** A partition's span by its name: hourly, daily (those of the foundation too) or monthly. */
function spanNamed(tier: Tier, name: string): Span | undefined {
  const digits = new RegExp(`^${tier.table}_(\\d{4})(\\d{2})(\\d{2})?(\\d{2})?$`).exec(name);
  if (!digits) return undefined;
  const [year, month, day, hour] = digits.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  const from = Date.UTC(year!, month! - 1, day ?? 1, hour ?? 0);
  const to = day === undefined ? Date.UTC(year!, month!) : from + (hour === undefined ? 86_400_000 : 3_600_000);
  return { name, from, to };
}

/** Partitions that are there, oldest first. */
export async function partitionsOf(db: Pick<pg.Pool, "query">, tier: Tier): Promise<Span[]> {
  const { rows } = await db.query<{ name: string }>(
    "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass",
    [tier.table],
  );
  return rows.flatMap(({ name }) => spanNamed(tier, name) ?? []).sort((a, b) => a.from - b.from);
}

// Another server was faster, a daily partition of an older server covers the hour, or it is one already.
const there = new Set(["42P07", "42P17", "42809", "23505", "42710"]);

/**
 * Makes partitions for all of a stretch. They are made apart and then attached, which blocks neither readers nor
 * writers of the others.
 */
export async function makePartitions(db: Pick<pg.Pool, "query">, tier: Tier, from: number, to: number): Promise<void> {
  const known = new Set((await partitionsOf(db, tier)).map(({ name }) => name));
  for (let span = spanOf(tier, from); span.from <= to; span = spanOf(tier, span.to)) {
    if (known.has(span.name)) continue;
    const attach = `alter table ${tier.table} attach partition ${span.name} for values from ('${iso(span.from)}') to ('${iso(span.to)}')`;
    // What lives a day or a month and is dropped as a whole needs no vacuum.
    const make = `create table ${span.name} (like ${tier.table} including all)${tier.partitionMs === undefined ? "" : " with (autovacuum_enabled = off)"}`;
    // Both in one transaction: a server that dies leaves a partition or nothing.
    await db.query(`${make}; ${attach}`).catch((error: { code?: string }) => {
      if (!there.has(error.code ?? "")) throw error;
    });
  }
}

/** Drops a partition unless somebody uses the table just now: then the next pass does it. @returns whether it is gone */
export async function dropPartition(pool: pg.Pool, name: string): Promise<boolean> {
  try {
    await pool.query(`set local lock_timeout = '1s'; drop table if exists ${name}`);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "55P03") return false;
    throw error;
  }
}
