import decodeQR from "qr/decode.js";
import { expect, test } from "vitest";
import { qrPath } from "./qrPath.ts";

/** The picture as a camera would see it: each module some pixels wide. */
function photograph({ size, path }: { size: number; path: string }, scale = 4): { width: number; height: number; data: Uint8Array } {
  const width = size * scale;
  const data = new Uint8Array(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    for (let row = 0; row < scale; row++)
      for (let column = 0; column < scale; column++) {
        const at = ((Number(y) * scale + row) * width + Number(x) * scale + column) * 4;
        data.fill(0, at, at + 3);
      }
  return { width, height: width, data };
}

test.each(["otpauth://totp/Polyvisor:admin?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Polyvisor&algorithm=SHA1&digits=6&period=30", "ä"])(
  "what is drawn is read again: %s",
  (text) => expect(decodeQR(photograph(qrPath(text)))).toBe(text),
);

test("there is the white edge that a reader needs", () => {
  const { size, path } = qrPath("x");
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)/g)) for (const each of [Number(x), Number(y)]) expect(each >= 4 && each < size - 4).toBe(true);
});
