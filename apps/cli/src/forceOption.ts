/** The option by which a change is made whatever is there; see `conflict.ts`. */
export const forceOption = ["--force", "do it whatever was changed meanwhile"] as const;
