import { afterAll, beforeAll, expect, test } from "vitest";
import { codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";

let lab: IdentityLab;
beforeAll(async () => {
  lab = await openIdentityLab();
});
afterAll(() => lab.close());

const many = 60;

test("as many codes as are asked for at once are made, and the last ten are kept", async () => {
  const { id } = await lab.person("hurried");
  const other = await lab.person("other");
  const made = await Promise.all(Array.from({ length: many }, (_, i) => codeOf(lab.identity.codes.make(i % 2 ? id : other.id))));
  expect(new Set(made)).toEqual(new Set(["none"]));
  const kept = await lab.store.pool.query<{ n: number }>("select count(*) as n from sign_in_code where account_id = $1", [id]);
  expect(kept.rows[0]!.n).toBe(10);
});

test("codes that are over go with the next one, whoever makes it", async () => {
  const one = await lab.person("late");
  const two = await lab.person("early");
  await lab.identity.codes.make(one.id);
  await lab.store.pool.query("update sign_in_code set expires_at = now() - interval '1 minute'");
  await Promise.all(Array.from({ length: many }, (_, i) => lab.identity.codes.make(i % 2 ? one.id : two.id)));
  const over = await lab.store.pool.query("select from sign_in_code where expires_at < now()");
  expect(over.rowCount).toBe(0);
});
