/** Attempts to sign in, counted by all servers together: see `identity/sharedAttempts.ts`. With a crash of the database they are forgotten. */
export const signInAttempts = {
  version: 11,
  name: "sign-in attempts",
  sql: `
create unlogged table sign_in_attempt (key bytea primary key, rest real not null, taken boolean not null, at timestamptz not null);
`,
} as const;
