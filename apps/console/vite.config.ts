import { readFileSync, writeFileSync } from "node:fs";
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

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), packed()],
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
