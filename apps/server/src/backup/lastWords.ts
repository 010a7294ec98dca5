import type { Readable } from "node:stream";

/** Collects the end of what a program says about its failure. */
export function lastWords(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => (text = (text + chunk).slice(-4_000)));
  return () => text.trim().split("\n").slice(-4).join(" ") || "it said nothing";
}
