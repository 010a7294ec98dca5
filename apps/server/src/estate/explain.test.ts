import { featureTable, vmStates } from "@polyvisor/model";
import { expect, test } from "vitest";
import { aHost, aVm } from "../lab/sampleObjects.ts";
import { explainVm } from "./explain.ts";

const now = Date.parse("2026-01-01T01:00:00Z");

test("a paused VM is explained with since when and why", () => {
  const told = explainVm(aVm("vm-1", "h-1", { name: "web", state: "paused", reason: "ioerror" }), aHost("h-1", { name: "one" }), now);
  expect(told).toMatchObject({ state: "paused", fresh: true });
  expect(told.sentences[0]).toBe("web is paused on one. It was first seen so 1h ago.");
  expect(told.sentences.join(" ")).toMatch(/Why: a disk reported an I\/O error/);
  expect(told.actions.find((each) => each.action === "unpause")).toEqual({ action: "unpause", allowed: true });
  expect(told.actions.find((each) => each.action === "start")).toMatchObject({ allowed: false, reason: expect.stringMatching(/not possible while/) });
});

test("where the host does not answer, that comes first and nothing is allowed", () => {
  const host = aHost("h-1", {
    name: "one",
    connection: {
      state: "lost",
      since: "2026-01-01T00:30:00.000Z",
      lastSeen: "2026-01-01T00:29:00.000Z",
      failure: { code: "hostRefused", detail: "port 16514 is closed", remedy: "Open it." },
    },
  });
  const told = explainVm(aVm("vm-1", "h-1", { name: "web", state: "running" }), host, now);
  expect(told.fresh).toBe(false);
  expect(told.sentences[0]).toMatch(/last seen.*one does not answer.*31m ago/);
  expect(told.sentences[1]).toBe("port 16514 is closed. Open it.");
  expect(told.sentences[2]).toMatch(/^web was running/);
  expect(told.actions.every((each) => !each.allowed)).toBe(true);
});

test("what the endpoint cannot do is refused with its own reason", () => {
  const told = explainVm(
    aVm("vm-1", "h-1", { state: "running" }),
    aHost("h-1", { features: featureTable({ "vm.reset": "the driver has no reset button" }) }),
    now,
  );
  expect(told.actions.find((each) => each.action === "reset")).toEqual({ action: "reset", allowed: false, reason: "the driver has no reset button" });
});

test.each(vmStates)("%s has whole sentences", (state) => {
  const { sentences } = explainVm(aVm("vm-1", "h-1", { state, reason: "unknown" }), undefined, now);
  for (const sentence of sentences) expect(sentence).toMatch(/^[A-Za-z].*[.]$/);
});
