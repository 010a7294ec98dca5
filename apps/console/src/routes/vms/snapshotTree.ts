import type { Snapshot } from "@polyvisor/model";

/** A snapshot in the tree: how deep it lies. */
export interface SnapshotRow {
  snapshot: Snapshot;
  depth: number;
  /** Snapshots that were taken after it, at any depth. */
  below: number;
}

/** Snapshots in the order of a tree: each below the one it was taken after. A parent that is not there makes a root; a ring of parents is shown flat. */
export function snapshotTree(snapshots: readonly Snapshot[]): SnapshotRow[] {
  const names = new Set(snapshots.map(({ name }) => name));
  const children = new Map<string | undefined, Snapshot[]>();
  for (const each of snapshots) {
    const parent = each.parent !== undefined && names.has(each.parent) && each.parent !== each.name ? each.parent : undefined;
    children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const rows: SnapshotRow[] = [];
  const seen = new Set<Snapshot>();
  // Without recursion: a chain of thousands is no reason to break.
  const walk = (root: Snapshot): void => {
    const stack: { snapshot: Snapshot; depth: number; began?: number }[] = [{ snapshot: root, depth: 0 }];
    for (let next = stack.pop(); next; next = stack.pop()) {
      if (next.began !== undefined) {
        rows[next.began]!.below = rows.length - next.began - 1;
        continue;
      }
      if (seen.has(next.snapshot)) continue;
      seen.add(next.snapshot);
      stack.push({ ...next, began: rows.length });
      rows.push({ snapshot: next.snapshot, depth: next.depth, below: 0 });
      for (const child of [...(children.get(next.snapshot.name) ?? [])].reverse()) stack.push({ snapshot: child, depth: next.depth + 1 });
    }
  };
  for (const root of children.get(undefined) ?? []) walk(root);
  for (const each of snapshots) if (!seen.has(each)) walk(each);
  return rows;
}
