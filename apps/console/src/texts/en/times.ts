export const times = { now: "just now" } as const;
