import type { en } from "./en/index.ts";

/** The same keys with any text. */
type Shape<T> = T extends string ? string : { readonly [K in keyof T]: Shape<T[K]> };

/** What every language has: a key that is missing does not compile. */
export type Texts = Shape<typeof en>;
