/** Bytes that are no valid XDR of the expected type, or a value that its type cannot hold. */
export class XdrError extends Error {
  override name = "XdrError";
}
