import { expect, test } from "vitest";
import { qrPath } from "./qrPath.ts";
import { readQr } from "./readQr.ts";

test.each(["otpauth://totp/Polyvisor:admin?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Polyvisor&algorithm=SHA1&digits=6&period=30", "ä"])(
  "what is drawn is read again: %s",
  (text) => expect(readQr(qrPath(text))).toBe(text),
);

test("there is the white edge that a reader needs", () => {
  const { size, path } = qrPath("x");
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)/g)) for (const each of [Number(x), Number(y)]) expect(each >= 4 && each < size - 4).toBe(true);
});
