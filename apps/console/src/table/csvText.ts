/**
 * A cell of a file that a spreadsheet opens (RFC 4180). What would begin a formula is made a text by an apostrophe: a VM may
 * have any name, and nobody who opens the file is to carry it out.
 */
export function csvCell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvLine = (values: readonly (string | number)[]): string => `${values.map(csvCell).join(",")}\r\n`;
