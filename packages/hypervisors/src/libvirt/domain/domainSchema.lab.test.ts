import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { vmSpecSchema } from "@polyvisor/model";
import { expect, it } from "vitest";
import { writeIndented } from "../xml/writeXml.ts";
import { buildDomain } from "./buildDomain.ts";
import { specimens } from "./fixtures/specimens.ts";

const schema = "/usr/share/libvirt/schemas/domain.rng";
const validator = ["/usr/bin/xmllint", "/usr/local/bin/xmllint"].find((path) => existsSync(path));

/** Complaints of libvirt's own schema. */
function complaints(xml: string): string {
  try {
    execFileSync(validator!, ["--noout", "--relaxng", schema, "-"], { input: xml, stdio: ["pipe", "ignore", "pipe"] });
    return "";
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr ?? error);
  }
}

it.skipIf(!validator || !existsSync(schema)).each(Object.entries(specimens))("%s is valid by libvirt's own schema", (_, { spec, context }) => {
  const wanted = vmSpecSchema.parse(spec);
  const xml = writeIndented(
    buildDomain(wanted, {
      driver: "qemu",
      uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f",
      virtType: "qemu",
      arch: "x86_64",
      cpuModes: ["maximum"],
      sources: [],
      ...context,
    }),
  );
  expect(complaints(xml), xml).toBe("");
});

it.skipIf(!validator || !existsSync(schema))("the schema refuses what is wrong", () => {
  expect(complaints("<domain type='kvm'><name>a</name><nonsense/></domain>")).toContain("fails to validate");
});
