// Counts a JSON report of vitest for `polyvisor test`.
//   node tools/tally.ts REPORT STATUS 3>counts     what was skipped or broken on stdout, "PASSED FAILED SKIPPED" on 3
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

interface Report {
  testResults: { name: string; status: string; message: string; assertionResults: { fullName: string; status: string }[] }[];
}

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** Sentences: each skipped test by name, each file that did not load, an error outside of every test. */
  remarks: string[];
}

/**
 * @param report text of the report; empty where vitest did not get so far
 * @param status exit status of vitest, which also speaks of errors that belong to no test
 */
export function tally(report: string, status: number): Tally {
  const out: Tally = { passed: 0, failed: 0, skipped: 0, remarks: [] };
  const files = report === "" ? [] : (JSON.parse(report) as Report).testResults;
  for (const file of files) {
    for (const test of file.assertionResults) {
      if (test.status === "passed") out.passed += 1;
      else if (test.status === "failed") out.failed += 1;
      else {
        out.skipped += 1;
        out.remarks.push(`skipped: ${test.fullName}`);
      }
    }
    if (file.status === "failed" && !file.assertionResults.some((each) => each.status === "failed")) {
      out.failed += 1;
      out.remarks.push(`failed outside of its tests: ${file.name}: ${file.message.split("\n", 1)[0]}`);
    }
  }
  if (status !== 0 && out.failed === 0) {
    out.failed = 1;
    out.remarks.push(`vitest ended with status ${status} though no test failed: see its output above`);
  }
  return out;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , file = "", status = "1"] = process.argv;
  const { passed, failed, skipped, remarks } = tally(readFileSync(file, "utf8"), Number(status));
  for (const remark of remarks) console.log(remark);
  writeSync(3, `${passed} ${failed} ${skipped}\n`);
}
