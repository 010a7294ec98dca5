import { nameSchema } from "@polyvisor/model";
import { expect, it } from "vitest";
import { nameFault } from "./nameFault.ts";

it.each(["web1", "", "x".repeat(255), "x".repeat(256), "a/b", "a\tb", " a", "a ", ".", "..", "...", "<b>\u202e🎉"])("judges %j as the server does", (name) => {
  expect(nameFault(name) === undefined).toBe(nameSchema.safeParse(name).success);
});
