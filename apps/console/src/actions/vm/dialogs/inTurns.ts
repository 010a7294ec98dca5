/** Pre-checks that are asked for at a time. */
const most = 4;
let running = 0;
const waiting: (() => void)[] = [];

/** Does something when fewer than four others are being done. */
export async function inTurns<T>(work: () => Promise<T>): Promise<T> {
  if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await work();
  } finally {
    running--;
    waiting.shift()?.();
  }
}
