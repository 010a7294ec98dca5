import { gzipSync } from "node:zlib";

const block = 512;

/** Text files as a .tar.gz (POSIX ustar). Names have at most 100 ASCII characters. @param at seconds since 1970 */
export function tarGz(files: readonly (readonly [name: string, content: string])[], at: number): Buffer {
  const parts: Buffer[] = [];
  for (const [name, content] of files) {
    const body = Buffer.from(content);
    const header = Buffer.alloc(block);
    const put = (text: string, offset: number): unknown => header.write(text, offset, "latin1");
    const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
    put(name, 0);
    put(octal(0o600, 7), 100);
    put(octal(0, 7), 108);
    put(octal(0, 7), 116);
    put(octal(body.length, 11), 124);
    put(octal(Math.floor(at), 11), 136);
    put(" ".repeat(8), 148); // counted as spaces
    put("0", 156);
    header.write("ustar\x0000", 257, "latin1");
    header.fill(0, 157, 257);
    put(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    parts.push(header, body, Buffer.alloc((block - (body.length % block)) % block));
  }
  parts.push(Buffer.alloc(2 * block));
  return gzipSync(Buffer.concat(parts));
}
