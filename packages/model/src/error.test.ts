import { describe, expect, it } from "vitest";
import { errorCatalogue, failureOf, PolyvisorError, type ErrorCode } from "./error.ts";

const codes = Object.keys(errorCatalogue) as ErrorCode[];

describe("the error catalogue", () => {
  it("has a status of HTTP, a title and a next action for each code", () => {
    for (const code of codes) {
      const { status, title, remedy } = errorCatalogue[code];
      expect(code).toMatch(/^[a-z][A-Za-z]*$/);
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(status, code).toBeLessThan(600);
      expect(title, code).toMatch(/^[A-Z].*[^.]$/);
      expect(remedy, code).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("tells its codes apart by their titles", () => {
    expect(new Set(codes.map((code) => errorCatalogue[code].title)).size).toBe(codes.length);
  });

  it("blames neither the operator nor the site for a fault of ours", () => {
    expect(codes.filter((code) => errorCatalogue[code].status === 500)).toEqual(["internal"]);
  });
});

describe("an error", () => {
  it("carries what happened and what to do, and keeps its cause for the log", () => {
    const cause = new Error("secret inner words");
    const error = new PolyvisorError("inUse", { detail: "web1 holds it", where: "/disk", cause });
    expect(error).toMatchObject({ code: "inUse", status: 409, remedy: errorCatalogue.inUse.remedy, where: "/disk", cause });
    expect(error.message).toBe("The object is in use: web1 holds it");
    expect(JSON.stringify(failureOf(error))).not.toContain("secret");
    expect(failureOf(error)).toEqual({ code: "inUse", detail: "web1 holds it", remedy: errorCatalogue.inUse.remedy, where: "/disk" });
    expect(new PolyvisorError("inUse", { detail: "d", remedy: "Wait." }).remedy).toBe("Wait.");
  });

  it("that is not ours tells nothing of itself", () => {
    for (const thrown of [new Error("password=hunter2"), "password=hunter2", undefined, { detail: "password=hunter2" }]) {
      expect(failureOf(thrown).code).toBe("internal");
      expect(JSON.stringify(failureOf(thrown))).not.toContain("hunter2");
    }
  });
});
