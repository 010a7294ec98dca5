import { actionSchema } from "@polyvisor/model";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { composedRequests, contracts, needs, openapi, passPhraseSchema, requestSchema, routePaths, simpleVmVerbs, type Contract } from "./index.ts";

describe("contracts", () => {
  it.each(Object.entries(routePaths))(
    "%s: its path parameters are those of its schema, and writes by POST, PUT or PATCH say their body",
    (name, [method, path]) => {
      const contract: Contract = contracts[name as keyof typeof contracts];
      const inPath = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]).sort();
      const declared = contract.params ? Object.keys((contract.params as unknown as { shape: object }).shape).sort() : [];
      expect(declared).toEqual(inPath);
      if (method === "GET" || method === "DELETE") expect(contract.body).toBeUndefined();
    },
  );
  it("has no two routes with one method and path", () => {
    const all = Object.values(routePaths).map(([method, path]) => `${method} ${path.replace(/:\w+/g, ":")}`);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("openapi", () => {
  const document = openapi("1.2.3") as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[]; responses: object; security?: unknown[] }>>;
  };
  it("is 3.1 and has every route once, with its path parameters and an error answer", () => {
    expect(document.openapi).toBe("3.1.0");
    const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, ...operation })));
    expect(operations.map((operation) => operation.operationId).sort()).toEqual(Object.keys(routePaths).sort());
    for (const operation of operations) {
      expect(operation.responses).toHaveProperty("default");
      for (const [, name] of operation.path.matchAll(/\{(\w+)\}/g))
        expect(operation.parameters).toContainEqual(expect.objectContaining({ name, in: "path", required: true }));
    }
  });
  it("says which permission a route needs on what", () => {
    expect(document.paths["/api/v1/vms/{id}/console"]!["get"]).toMatchObject({ "x-needs": { on: "vm", may: "vm.console" } });
    expect(Object.keys(needs).sort()).toEqual(Object.keys(routePaths).sort());
  });
  it("says which routes need no sign-in", () => {
    expect(document.paths["/api/v1/info"]!["get"]!.security).toEqual([]);
    expect(document.paths["/api/v1/vms"]!["get"]!.security).toBeUndefined();
  });
});

describe("requests", () => {
  it("cover every action on a VM, a datastore, a volume and a network", () => {
    const asked = new Set<string>([
      ...simpleVmVerbs,
      ...composedRequests.flatMap((each) => (each.shape.do instanceof z.ZodEnum ? each.shape.do.options : [...each.shape.do.values])),
    ]);
    expect(actionSchema.options.map((option) => option.shape.verb.value).filter((verb) => !asked.has(verb))).toEqual([]);
  });
  it("keep a wish apart from a default, so that a template can be overridden", () => {
    expect(requestSchema.parse({ do: "vm.create", template: "micro", spec: { name: "a" } })).toMatchObject({ spec: { name: "a" } });
    expect((requestSchema.parse({ do: "vm.create", spec: { name: "a" } }) as { spec: object }).spec).toEqual({ name: "a" });
  });
  it.each([
    [{ do: "vm.start", vms: ["a"], force: 1 }, "force"],
    [{ do: "vm.create", spec: { name: "a", ram: 5 } }, "ram"],
    [{ do: "vm.create", spec: { name: "a/b" } }, "name"],
    [{ do: "vm.format", vms: ["a"] }, "do"],
    [{ do: "vm.setMemory", vms: ["a"], apply: "later" }, "apply"],
  ])("refuse %j and name the place", (request, place) => {
    const result = requestSchema.safeParse(request);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error!.issues)).toContain(place);
  });
});

describe("pass phrases", () => {
  it.each<[string, boolean]>([
    ["12345678", true],
    ["1234567", false],
    ["  spaces kept  ", true],
    ["😀😀😀😀😀😀😀😀", true],
    ["😀😀😀😀", false],
    ["x".repeat(1024), true],
    ["x".repeat(1025), false],
  ])("case %$", (text, good) => {
    expect(passPhraseSchema.safeParse(text).success).toBe(good);
    if (good) expect(passPhraseSchema.parse(text)).toBe(text);
  });
});
