import { routePaths, type RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import { expect, test } from "vitest";
import { needsNoIfMatch, refuseIfMatch, takesIfMatch } from "./preconditions.ts";

const changing = (Object.keys(routePaths) as RouteName[]).filter((route) => ["PUT", "PATCH", "DELETE"].includes(routePaths[route][0]));

test.each(changing)("%s looks at If-Match, or it is known why not", (route) => {
  expect([takesIfMatch.has(route), route in needsNoIfMatch]).toEqual(takesIfMatch.has(route) ? [true, false] : [false, true]);
});

test("a condition that would not be looked at is refused", () => {
  expect(() => refuseIfMatch("memberAdd", '"3"')).toThrow(PolyvisorError);
  expect(() => refuseIfMatch("taskCreate", '"3"')).toThrow(/If-Match/);
  expect(() => refuseIfMatch("vmChange", '"3"')).not.toThrow();
  expect(() => refuseIfMatch("memberAdd", undefined)).not.toThrow();
  expect(() => refuseIfMatch("vmGet", '"3"')).not.toThrow();
});
