// Counts JSON reports of vitest for `polyvisor test`.
//   node tools/tally.ts REPORT STATUS [SECOND] 3>counts   what was skipped or broken on stdout, "PASSED FAILED SKIPPED" on 3
//   node tools/tally.ts --failed REPORT                   the files in which a test failed, a line each
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

interface Report {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /**
   * Sentences: each skipped test by name, then what passed only at the second try, and at the end, where it is seen, each
   * failed test, each file that did not load, and an error outside of every test.
   */
  remarks: string[];
}

const files = (report: string): Report["testResults"] => (report === "" ? [] : (JSON.parse(report) as Report).testResults);

/** The files that are worth a second try: those with a failure, whichever kind. */
export function failedFiles(report: string): string[] {
  return files(report)
    .filter(({ status, assertionResults }) => status === "failed" || assertionResults.some((each) => each.status === "failed"))
    .map(({ name }) => name);
}

/**
 * @param report text of the report; empty where vitest did not get so far
 * @param status exit status of vitest, which also speaks of errors that belong to no test; of the second run where there was one
 * @param second report of a second run of the files that failed, each alone. It decides; what failed before is named.
 */
export function tally(report: string, status: number, second = ""): Tally {
  const out: Tally = { passed: 0, failed: 0, skipped: 0, remarks: [] };
  const unsteady: string[] = [];
  const broken: string[] = [];
  const decided = new Map(files(second).map((file) => [file.name, file]));
  for (const first of files(report)) {
    const file = decided.get(first.name) ?? first;
    for (const test of file.assertionResults) {
      if (test.status === "passed") out.passed += 1;
      else if (test.status === "failed") {
        out.failed += 1;
        broken.push(`failed: ${test.fullName} (${file.name}): ${firstLine(test.failureMessages?.[0])}`);
      } else {
        out.skipped += 1;
        out.remarks.push(`skipped: ${test.fullName}`);
      }
    }
    if (file.status === "failed" && !file.assertionResults.some((each) => each.status === "failed")) {
      out.failed += 1;
      broken.push(`failed outside of its tests: ${file.name}: ${firstLine(file.message)}`);
    }
    if (file !== first) for (const each of failures(first)) unsteady.push(`unsteady, failed at the first try beside other files: ${each}`);
  }
  if (status !== 0 && out.failed === 0) {
    out.failed = 1;
    broken.push(`vitest ended with status ${status} though no test failed: see its output above`);
  }
  out.remarks.push(...unsteady, ...broken);
  return out;
}

function failures(file: Report["testResults"][number]): string[] {
  const tests = file.assertionResults.filter(({ status }) => status === "failed");
  if (tests.length === 0) return [`${file.name}: ${firstLine(file.message)}`];
  return tests.map(({ fullName, failureMessages }) => `${fullName} (${file.name}): ${firstLine(failureMessages?.[0])}`);
}

const firstLine = (text = ""): string => text.split("\n", 1)[0]!;

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , first = "", status = "1", second] = process.argv;
  if (first === "--failed") for (const name of failedFiles(readFileSync(status, "utf8"))) console.log(name);
  else {
    const { passed, failed, skipped, remarks } = tally(readFileSync(first, "utf8"), Number(status), second && readFileSync(second, "utf8"));
    for (const remark of remarks) console.log(remark);
    writeSync(3, `${passed} ${failed} ${skipped}\n`);
  }
}
