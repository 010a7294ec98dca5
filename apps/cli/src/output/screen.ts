import type { Output } from "../io.ts";

/** Lines on a terminal that are drawn over themselves. */
export interface Screen {
  draw(lines: readonly string[]): void;
  close(): void;
}

/**
 * Redraws without flicker: each line is written over the former one and only its rest is cleared, in one
 * write. `full` takes the alternate screen (as `top` does) and gives the old one back when closed.
 */
export function screenOn(output: Output, full: boolean): Screen {
  let before = 0;
  // No cursor, and no wrapping: a line that is too long is cut by the terminal, so that a line stays one line.
  output.write(`${full ? "\u001b[?1049h\u001b[H" : ""}\u001b[?25l\u001b[?7l`);
  return {
    draw(lines) {
      const rows = Math.max(1, (output.rows ?? 24) - (full ? 0 : 1));
      const shown = lines.length > rows ? [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more`] : lines;
      const up = full ? "\u001b[H" : before > 1 ? `\u001b[${before - 1}A\r` : "\r";
      output.write(`${up}${shown.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
      before = shown.length;
    },
    close() {
      output.write(`\u001b[?7h\u001b[?25h${full ? "\u001b[?1049l" : before > 0 ? "\n" : ""}`);
    },
  };
}
