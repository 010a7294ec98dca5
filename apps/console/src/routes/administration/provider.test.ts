import { expect, test } from "vitest";
import { groupLines, settingsOf, textsOf } from "./provider.ts";

const more = { groups: "", ca: "", create: true, startTls: false };

test("what is left empty is left to the server", () => {
  expect(settingsOf("oidc", { issuer: " https://id.example ", clientId: "polyvisor", scopes: "" }, more)).toEqual({
    kind: "oidc",
    issuer: "https://id.example",
    clientId: "polyvisor",
    create: true,
    groups: [],
  });
});

test("lists are words, and a form shows what was sent", () => {
  const settings = settingsOf("ldap", { urls: "ldaps://a, ldaps://b", baseDn: "dc=example" }, { ...more, startTls: true });
  expect(settings).toMatchObject({ urls: ["ldaps://a", "ldaps://b"], startTls: true });
  expect(textsOf("ldap", settings as never)).toMatchObject({ urls: "ldaps://a ldaps://b", baseDn: "dc=example", bindDn: "" });
});

test("a group's name there may have equal signs", () => {
  const { groups } = settingsOf("ldap", {}, { ...more, groups: "cn=vm-admins,dc=example = administrators\n\nvm-users\n" });
  expect(groups).toEqual([
    { from: "cn=vm-admins,dc=example", to: "administrators" },
    { from: "vm-users", to: "vm-users" },
  ]);
  expect(settingsOf("ldap", {}, { ...more, groups: groupLines(groups!) }).groups).toEqual(groups);
});
