import pg from "pg";
import { expect, test } from "vitest";
import { connectionOptions } from "./connectionOptions.ts";

/** As the driver understands it. */
const read = (url: string): pg.Client & { connectionParameters: Record<string, unknown> } => new pg.Client(connectionOptions({ url })) as never;

test("what a site adds to its URL stays, and never moves our tables elsewhere", () => {
  const client = read(
    "postgresql://u:p%40ss@db.example:6000/name?options=-c%20search_path%3Dpublic%20-c%20work_mem%3D1MB&statement_timeout=1&application_name=x",
  );
  expect(client).toMatchObject({ user: "u", password: "p@ss", host: "db.example", port: 6000, database: "name" });
  expect(client.connectionParameters).toMatchObject({
    options: "-c search_path=public -c work_mem=1MB -c search_path=polyvisor -c timezone=UTC",
    application_name: "polyvisor",
    statement_timeout: 30_000,
  });
});

test("a socket is reached as well", () => {
  expect(read("postgresql:///name?host=/run/postgresql&user=me")).toMatchObject({ host: "/run/postgresql", database: "name", user: "me" });
});

test("a URL that is none is refused without being repeated", () => {
  expect(() => connectionOptions({ url: "postgresql://u:geheim@h:port/d" })).toThrow(/cannot be read/);
  expect(() => connectionOptions({ url: "postgresql://u:geheim@h:port/d" })).not.toThrow(/geheim/);
});

test("a bigint is a number, and one that does not fit is an error instead of another number", () => {
  const { types } = connectionOptions({ url: "postgresql://h/d" });
  const parse = types!.getTypeParser(20, "text") as (text: string) => unknown;
  expect(parse("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => parse("9007199254740993")).toThrow(RangeError);
});
