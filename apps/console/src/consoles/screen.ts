import type { LineState } from "./consoleLine.ts";
import type { Key, Layout } from "./keyboards.ts";

/** What the toolbar can do with an open console. */
export interface Screen {
  focus(): void;
  /** Keys together, or the bytes that a terminal sends for them. */
  press(keys: readonly Key[] | string): void;
  /** Types a text; resolves when all of it is sent, rejects when the signal aborts or the line is cut. */
  type(text: string, layout: Layout, signal: AbortSignal, progress: (part: number) => void): Promise<void>;
  /** A picture of what is shown, where there is one. */
  picture?: () => Promise<Blob>;
}

/** What a console is shown with. */
export interface ScreenProps {
  vmId: string;
  /** Name of the console; the first of its kind where absent. */
  alias: string | undefined;
  /** Whether it fills the room that there is. */
  scale: boolean;
  onState: (state: LineState) => void;
  /** Gives what the toolbar uses while it is shown. */
  onScreen: (screen: Screen | undefined) => void;
  /** Rises when the user wants it connected again; `force` takes it over. */
  wish: { count: number; force: boolean };
}
