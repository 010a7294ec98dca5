/** Words that mean something by themselves. */
export const filterWords = ["and", "or", "not", "in", "is", "where"] as const;

/** What a word is made of: everything but blanks, brackets, commas, quotes and operators. */
// oxlint-disable-next-line no-control-regex -- a control character is never meant
export const isPlainWord = (text: string): boolean => /^[^\s()"',=!<>~\u0000-\u001f\u007f]+$/u.test(text);

/** A text so that a filter takes it literally. */
export const quoteText = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** A name as a value of a filter, in quotes where it needs them. A `*` in it stays what it is in the filter: any text. */
export const quoteName = (text: string): string => (isPlainWord(text) ? text : quoteText(text));
