/**
 * Awaits statements that were sent one behind the other over one connection. All of them are heard out, so that the
 * connection is free then and none fails unheard.
 * @throws what the first of those that failed says: inside a transaction it is the cause of the failures behind it
 */
export async function together<const T extends readonly unknown[]>(sent: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const answers = await Promise.allSettled(sent);
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed) throw failed.reason;
  return answers.map((answer) => (answer as PromiseFulfilledResult<unknown>).value) as { -readonly [K in keyof T]: Awaited<T[K]> };
}
