/** A value inside a search filter: what has a meaning there is escaped (RFC 4515, section 3). */
export const escapeFilterValue = (value: string): string =>
  // eslint-disable-next-line no-control-regex
  value.replace(/[\\*()\u0000]/g, (found) => `\\${found.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** A filter of a template: `{name}` and the like are replaced by escaped values, all at once, so that none is read in another. */
export const filterOf = (template: string, values: Record<string, string>): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? escapeFilterValue(values[name]!) : whole));
