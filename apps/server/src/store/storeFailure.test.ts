import { PolyvisorError } from "@polyvisor/model";
import { expect, test } from "vitest";
import { storeFailure } from "./storeFailure.ts";

const error = (message: string, fields: object = {}): Error => Object.assign(new Error(message), fields);

test.each([
  ["refused", error("connect ECONNREFUSED", { code: "ECONNREFUSED", syscall: "connect" })],
  ["no socket", error("connect ENOENT", { code: "ENOENT", syscall: "connect" })],
  ["shutting down", error("terminating connection due to administrator command", { code: "57P01" })],
  ["starting", error("the database system is starting up", { code: "57P03" })],
  ["full", error("could not extend file", { code: "53100" })],
  ["too many", error("sorry, too many clients already", { code: "53300" })],
  ["I/O", error("could not read block", { code: "58030" })],
  ["read-only", error("cannot execute INSERT in a read-only transaction", { code: "25006" })],
  ["cut", error("Connection terminated unexpectedly")],
  ["pool", error("timeout exceeded when trying to connect")],
  ["hung", error("Query read timeout")],
])("%s is a failure of the store", (_, each) => {
  expect(storeFailure(each)).toMatchObject({ code: "storeUnavailable", cause: each });
});

test.each([
  ["a unique key", error("duplicate key value", { code: "23505" })],
  ["a mistake in SQL", error("syntax error", { code: "42601" })],
  ["a file of ours", error("ENOENT: no such file", { code: "ENOENT", syscall: "open" })],
  ["a host's answer", new PolyvisorError("hostTimeout", { detail: "x" })],
  ["no error at all", "text"],
])("%s is not", (_, each) => {
  expect(storeFailure(each)).toBeUndefined();
});
