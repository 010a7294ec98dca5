export type Colour = "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "grey" | "bold" | "inverse";
const codes: Record<Colour, [number, number]> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  grey: [90, 39],
  bold: [1, 22],
  inverse: [7, 27],
};

export type Paint = (colour: Colour | undefined, text: string) => string;

/** Colours for one output: only on a terminal, and not with NO_COLOR (no-color.org) or TERM=dumb. */
export function paintFor(output: { isTTY?: boolean | undefined }, env: Readonly<Record<string, string | undefined>>): Paint {
  const on = env["FORCE_COLOR"] ? env["FORCE_COLOR"] !== "0" : output.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  if (!on) return (_colour, text) => text;
  return (colour, text) => (colour && text ? `\u001b[${codes[colour][0]}m${text}\u001b[${codes[colour][1]}m` : text);
}

const stateColours: Record<string, Colour> = {
  running: "green",
  blocked: "green",
  paused: "yellow",
  suspended: "yellow",
  shuttingDown: "yellow",
  crashed: "red",
  saved: "blue",
  off: "grey",
  unknown: "magenta",
  connected: "green",
  connecting: "yellow",
  lost: "red",
  disabled: "grey",
  succeeded: "green",
  failed: "red",
  partial: "yellow",
  cancelled: "yellow",
  queued: "grey",
  interrupted: "red",
  skipped: "grey",
  waiting: "grey",
};
/** The colour that a state of a VM, a connection or a task has everywhere. */
export const colourOfState = (state: string): Colour | undefined => stateColours[state];
