import { expect, test } from "vitest";
import { hashCode, hashToken, makeCode, makeToken } from "./secretText.ts";

test("a code is found as people type it", () => {
  for (let i = 0; i < 50; i++) {
    const { code, hash } = makeCode();
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
    for (const typed of [code, code.toLowerCase(), code.replace(/-/g, ""), ` ${code.replace(/-/g, " ")} `, code.replace(/0/g, "O").replace(/1/g, "l")])
      expect(hashCode(typed).equals(hash), typed).toBe(true);
  }
});

test("a token's hash is found by the token and by nothing else", () => {
  const { token, hash } = makeToken();
  expect(hashToken(token)?.equals(hash)).toBe(true);
  for (const other of ["", "pv_", token.slice(0, -1), `${token}x`, token.replace("pv_", "PV_"), `${token}\n`])
    expect(hashToken(other), JSON.stringify(other)).toBeUndefined();
  expect(makeToken().token).not.toBe(token);
});
