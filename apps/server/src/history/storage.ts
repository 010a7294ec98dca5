import type { HistoryRetention } from "@polyvisor/api";
import type pg from "pg";
import { historyKinds } from "./retention.ts";

export interface StorageRow {
  kind: string;
  rows: number;
  bytes: number;
  since: string;
  perDay: number;
  projected: number;
}
export interface HistoryStorage {
  kinds: StorageRow[];
  total: Omit<StorageRow, "kind" | "since">;
  disk: number;
}

const dayMs = 86_400_000;
/** Growth is that of the last week, of what there is of it. */
const weekDays = 7;

/** What the history takes. Counted with every change (`history_size`), so that nothing is walked to tell. @param objects how many there are of each kind */
export async function storageOf(pool: pg.Pool, retention: HistoryRetention, objects: Readonly<Record<string, number>>, now: number): Promise<HistoryStorage> {
  const sizes = await pool.query<{ kind: string; rows: number; bytes: number; recent: number; first: Date | null; since: Date }>(
    `select h.kind, coalesce(sum(s.rows), 0)::bigint as rows, coalesce(sum(s.bytes), 0)::bigint as bytes, h.at as since,
       coalesce(sum(s.bytes) filter (where s.day > ($1::timestamptz at time zone 'UTC')::date - ${weekDays}), 0)::bigint as recent, min(s.day)::timestamptz as first
     from history_horizon h left join history_size s on s.kind = h.kind group by h.kind, h.at`,
    [new Date(now)],
  );
  const disk = await pool.query<{ bytes: number }>("select pg_total_relation_size('event') as bytes");
  const kinds = historyKinds.map((kind): StorageRow => {
    const row = sizes.rows.find((each) => each.kind === kind);
    const [rows, bytes, recent] = [row?.rows ?? 0, row?.bytes ?? 0, row?.recent ?? 0];
    const age = row?.first ? (now - row.first.getTime()) / dayMs : 0;
    const perDay = Math.round(recent / Math.min(weekDays, Math.max(1, age)));
    // The newest version of each object stays, however old it is.
    const baseline = rows > 0 ? Math.round((bytes / rows) * (objects[kind] ?? 0)) : 0;
    const projected = baseline + perDay * retention.days[kind];
    return { kind, rows, bytes, since: (row?.since ?? new Date(now)).toISOString(), perDay, projected };
  });
  const sum = (of: "rows" | "bytes" | "perDay" | "projected"): number => kinds.reduce((total, row) => total + row[of], 0);
  const projected = sum("projected");
  return {
    kinds,
    total: {
      rows: sum("rows"),
      bytes: sum("bytes"),
      perDay: sum("perDay"),
      projected: retention.maxBytes > 0 ? Math.min(projected, retention.maxBytes) : projected,
    },
    disk: disk.rows[0]!.bytes,
  };
}
