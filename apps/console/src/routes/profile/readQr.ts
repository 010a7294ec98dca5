import decodeQR from "qr/decode.js";

/** Pixels of a module in the picture. */
const scale = 4;

/** Reads a QR code as a telephone does that sees what `qrPath` made: for tests of what the page shows. */
export function readQr({ size, path }: { size: number; path: string }): string {
  const width = size * scale;
  const data = new Uint8Array(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    for (let row = 0; row < scale; row++) {
      const from = ((Number(y) * scale + row) * width + Number(x) * scale) * 4;
      for (let pixel = 0; pixel < scale; pixel++) data.fill(0, from + pixel * 4, from + pixel * 4 + 3);
    }
  return decodeQR({ width, height: width, data });
}
