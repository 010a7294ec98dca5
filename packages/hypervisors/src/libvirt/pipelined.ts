/**
 * Runs `work` for every item with at most `width` of them under way, results in the order of the items. libvirt
 * answers a client's calls side by side, so a few in flight keep it busy; the bound leaves room for an urgent call.
 */
export async function pipelined<T, R>(items: readonly T[], work: (item: T) => Promise<R>, width = 48): Promise<R[]> {
  const out = Array.from<R>({ length: items.length });
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const i = next++;
      try {
        out[i] = await work(items[i]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(width, items.length) }, lane);
  await Promise.all(lanes);
  return out;
}
