import { afterAll, beforeAll, expect, test } from "vitest";
import { labLog } from "../lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { openStore } from "../store/openStore.ts";
import { LeaseRows } from "./leaseRows.ts";

let site: SitePostgres;
beforeAll(async () => void (site = await startSitePostgres()));
afterAll(() => site.close());

test("only who is dead, has nothing and was away for a day is taken out, and finds that out when it wakes up", async () => {
  const store = await openStore({ kind: "url", url: await site.database() }, labLog);
  try {
    const { pool } = store;
    const [me, woke, young, holder, owner, gone] = ["me", "woke", "young", "holder", "owner", "gone"].map(
      (serverId) => new LeaseRows(pool, { serverId, incarnation: `of ${serverId}` }),
    ) as [LeaseRows, LeaseRows, LeaseRows, LeaseRows, LeaseRows, LeaseRows];
    for (const [name, rows] of Object.entries({ me, woke, young, holder, owner, gone })) await rows.enter({ name, url: "", version: "" });
    await pool.query("insert into lease (host_id, server_id) values ('h', 'holder')");
    await pool.query(
      "insert into task (id, state, title, by_account, reason, created_at, owner, plan) values ('t', 'running', '', '', '', now(), 'owner', '{}')",
    );
    const dead = (await me.beat())!;
    await woke.beat(); // a sign of life since then
    await pool.query("update server set beat_at = now() - interval '25 hours' where id <> 'young'"); // also by a clock that stepped
    expect(await me.forgetGone([])).toEqual([]);
    expect(await me.forgetGone(dead)).toEqual(["gone"]);
    expect((await me.beat())!.map(({ id }) => id).sort()).toEqual(["holder", "me", "owner", "woke", "young"]);
    expect(await gone.beat()).toBeUndefined();
    await gone.enter({ name: "gone", url: "", version: "" });
    expect(await gone.beat()).toHaveLength(6);
  } finally {
    await store.close();
  }
});
