const blocks = "▁▂▃▄▅▆▇█";

/** A line of blocks from 0 to `top`; where there is no value there is a blank. */
export function sparkline(values: readonly (number | undefined)[], top: number): string {
  return values
    .map((value) => (value === undefined ? " " : blocks[top > 0 ? Math.min(blocks.length - 1, Math.max(0, Math.ceil((value / top) * blocks.length) - 1)) : 0]!))
    .join("")
    .trimEnd();
}
