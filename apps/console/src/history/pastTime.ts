/** The time of the past that the address asks for; undefined where it asks for none, or for nonsense. */
export function pastTime(text: string | undefined): string | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/** A time as `<input type="datetime-local">` has it: in the user's zone, to the second. */
export function localInput(time: string): string {
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** Yesterday at this time. */
export const yesterday = (): string => new Date(Math.floor(Date.now() / 1000) * 1000 - 86_400_000).toISOString();
