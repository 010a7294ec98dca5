/** Something that the palette offers: a place to go or a thing to do. */
export interface Command {
  id: string;
  text: string;
  /** Quieter words behind it. */
  note?: string;
  /** Why it is not possible now. */
  reason?: string | undefined;
  run: () => void;
}
