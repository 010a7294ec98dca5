import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { parsePasswd, postgresUser } from "./postgresUser.ts";

async function asRoot(passwd: string): ReturnType<typeof postgresUser> {
  const folder = await mkdtemp(path.join(tmpdir(), "polyvisor-user-"));
  try {
    await writeFile(path.join(folder, "passwd"), passwd);
    return await postgresUser(path.join(folder, "postgres"), true, path.join(folder, "passwd"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("an ordinary user's database runs as that user", async () => {
  expect(await postgresUser("/nowhere", false)).toEqual({ name: userInfo().username });
});

test("under root an account of its own is taken, then PostgreSQL's, and never one that is shared or root in disguise", async () => {
  const postgres = "postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
  const shared = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";
  expect(await asRoot(`${shared}${postgres}polyvisor:x:999:998::/:/bin/false\n`)).toEqual({ name: "polyvisor", uid: 999, gid: 998 });
  expect(await asRoot(shared + postgres)).toEqual({ name: "postgres", uid: 101, gid: 104 });
  expect(await asRoot(`polyvisor:x:0:0::/:/bin/sh\n${postgres}`)).toMatchObject({ name: "postgres" });
  await expect(asRoot(shared)).rejects.toThrow(/useradd --system/);
});

test("broken lines of the account file are passed over", () => {
  expect(parsePasswd("a:x:1:2\n\n# c\nb:x:y:z\n:x:1:1\nc:x:3")).toEqual([{ name: "a", uid: 1, gid: 2 }]);
});
