/** A message that goes away by itself: how a task ended, or a failure of something that was asked for. */
export type Toast = { id: number } & ({ task: string } | { error: unknown } | { text: string });

let present: readonly Toast[] = [];
let last = 0;
const watchers = new Set<() => void>();
/** So many are shown; older ones go first. */
const most = 5;

type NewToast = Toast extends infer T ? (T extends Toast ? Omit<T, "id"> : never) : never;

/** For `useSyncExternalStore`. Only what the user began is told by a toast. */
export const toasts = {
  get: (): readonly Toast[] => present,
  add(toast: NewToast): void {
    present = [...present, { ...toast, id: ++last } as Toast].slice(-most);
    tell();
  },
  remove(id: number): void {
    present = present.filter((each) => each.id !== id);
    tell();
  },
  subscribe(fn: () => void): () => void {
    watchers.add(fn);
    return () => watchers.delete(fn);
  },
};

const tell = (): void => {
  for (const fn of watchers) fn();
};

/** Does something that was asked for by a gesture; a failure is told by a toast. */
export function tellFailure(work: Promise<unknown>): void {
  work.catch((error: unknown) => toasts.add({ error }));
}
