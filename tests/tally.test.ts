import { describe, expect, it } from "vitest";
import { failedFiles, tally } from "../tools/tally.ts";

const test = (fullName: string, status: string, ...failureMessages: string[]) => ({ fullName, status, failureMessages });
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
      { name: "b", status: "failed", message: "", assertionResults: [test("five", "failed", "not 5\nat b"), test("six", "passed")] },
    );
    expect(tally(text, 1)).toEqual({
      passed: 2,
      failed: 1,
      skipped: 3,
      remarks: ["skipped: two", "skipped: three", "skipped: four", "failed: five (b): not 5"],
    });
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

  it("lets a second try decide, and names what failed before", () => {
    const first = report(
      { name: "a", status: "passed", message: "", assertionResults: [test("one", "passed")] },
      { name: "b", status: "failed", message: "", assertionResults: [test("two", "failed", "late"), test("three", "passed")] },
      { name: "c", status: "failed", message: "", assertionResults: [test("four", "failed", "late")] },
      { name: "d", status: "failed", message: "no daemon\nat d", assertionResults: [] },
    );
    expect(failedFiles(first)).toEqual(["b", "c", "d"]);
    const second = report(
      { name: "b", status: "passed", message: "", assertionResults: [test("two", "passed"), test("three", "passed")] },
      { name: "c", status: "failed", message: "", assertionResults: [test("four", "failed", "wrong")] },
      { name: "d", status: "passed", message: "", assertionResults: [test("five", "passed")] },
    );
    expect(tally(first, 1, second)).toEqual({
      passed: 4,
      failed: 1,
      skipped: 0,
      remarks: [
        "unsteady, failed at the first try beside other files: two (b): late",
        "unsteady, failed at the first try beside other files: four (c): late",
        "unsteady, failed at the first try beside other files: d: no daemon",
        "failed: four (c): wrong",
      ],
    });
    // A second run that was stopped decides nothing.
    expect(tally(first, 124, "")).toMatchObject({ passed: 2, failed: 3 });
  });
});
