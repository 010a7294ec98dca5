import { describe, expect, it } from "vitest";
import { tally } from "../tools/tally.ts";

const test = (fullName: string, status: string) => ({ fullName, status });
const report = (...testResults: object[]) => JSON.stringify({ testResults });

describe("tally", () => {
  it("counts, and names what was skipped", () => {
    const text = report(
      {
        name: "a",
        status: "passed",
        message: "",
        assertionResults: [test("one", "passed"), test("two", "skipped"), test("three", "pending"), test("four", "todo")],
      },
      { name: "b", status: "failed", message: "", assertionResults: [test("five", "failed"), test("six", "passed")] },
    );
    expect(tally(text, 1)).toEqual({ passed: 2, failed: 1, skipped: 3, remarks: ["skipped: two", "skipped: three", "skipped: four"] });
  });

  it("counts a file that did not load as a failure", () => {
    expect(tally(report({ name: "a.test.ts", status: "failed", message: "Cannot find x\nat y", assertionResults: [] }), 1)).toMatchObject({
      passed: 0,
      failed: 1,
      remarks: ["failed outside of its tests: a.test.ts: Cannot find x"],
    });
  });

  it("counts an error that belongs to no test, and a run that wrote no report", () => {
    expect(tally(report({ name: "a", status: "passed", message: "", assertionResults: [test("one", "passed")] }), 1)).toMatchObject({ passed: 1, failed: 1 });
    expect(tally("", 137)).toMatchObject({ passed: 0, failed: 1 });
  });
});
