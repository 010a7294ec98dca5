import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** The server that `polyvisor dev` started; the page's own requests go there. */
const server = process.env["POLYVISOR_DEV_SERVER"] ?? "http://127.0.0.1:8420";

/** What is smaller than this gains nothing by being packed. */
const packFrom = 1024;

/** Writes each text beside its packed forms, which the server sends as they are. */
const packed = (): Plugin => ({
  name: "polyvisor:packed",
  apply: "build",
  writeBundle({ dir }, bundle) {
    for (const name of [...Object.keys(bundle), "favicon.svg"]) {
      if (!/\.(js|css|html|svg|json|txt)$/.test(name)) continue;
      const bytes = readFileSync(join(dir!, name));
      if (bytes.length < packFrom) continue;
      writeFileSync(
        join(dir!, `${name}.br`),
        brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
      );
      writeFileSync(join(dir!, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    }
  },
});

/** What a library says about itself, and the text of its licence, which goes with every copy of it. */
function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, string>;
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each) && statSync(join(folder, each)).isFile());
  return `${name} ${version} (${license ?? "see its text"})\n\n${file === undefined ? "It brings no text of its licence.\n" : readFileSync(join(folder, file), "utf8")}`;
}

/** Writes licences.txt: of every library that is in the build, and of no other. */
const licences = (): Plugin => ({
  name: "polyvisor:licences",
  apply: "build",
  generateBundle(_, bundle) {
    const folders = new Set<string>();
    for (const piece of Object.values(bundle))
      for (const id of piece.type === "chunk" ? piece.moduleIds : piece.originalFileNames) {
        const folder = /^(?:\0|.*[?])?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
        if (folder !== undefined && existsSync(join(folder, "package.json"))) folders.add(folder);
      }
    const texts = [...folders].map(licenceOf).sort();
    this.emitFile({
      type: "asset",
      fileName: "licences.txt",
      source: `The libraries in this console, each with its licence.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`,
    });
  },
});

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), licences(), packed()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    // A page that runs no inline script cannot have the one that asks for modules in old browsers.
    modulePreload: { polyfill: false },
    // A picture in a style sheet is a file of this server, not a piece of text.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": { target: server, ws: true },
    },
  },
});
