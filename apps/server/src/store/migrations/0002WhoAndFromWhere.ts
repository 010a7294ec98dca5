/** Who ordered a change and from where, beside each event. Null in those from before. */
export const whoAndFromWhere = {
  version: 2,
  name: "who and from where",
  sql: `
alter table event add column by_account text, add column origin text;
`,
} as const;
