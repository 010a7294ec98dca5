import { describe, expect, it } from "vitest";
import { decodeConnectGetAllDomainStatsRet, decodeConnectListAllDomainsRet, encodeConnectOpenArgs } from "../generated/connect.ts";
import { decodeDomainGetInfoRet } from "../generated/domain.ts";
import { encodeDomainSetMemoryParametersArgs } from "../generated/domainTuning.ts";
import { decodeDomainEventCallbackLifecycleMsg } from "../generated/events.ts";
import { decodeNodeGetInfoRet } from "../generated/node.ts";
import { encodeAuthSaslStartArgs } from "../generated/auth.ts";
import { encodeConnectGetAllDomainStatsRet } from "../generated/peer/connect.ts";
import { encodeDomainGetInfoRet } from "../generated/peer/domain.ts";
import { decodeDomainSetMemoryParametersArgs } from "../generated/peer/domainTuning.ts";
import { decodeNetMessageError } from "../generated/structs.ts";
import { ByteBuilder } from "../testing/byteBuilder.ts";
import { typedParam } from "./typedParam.ts";
import { XdrReader } from "./xdrReader.ts";
import { XdrWriter } from "./xdrWriter.ts";

const UUID = "01234567-89ab-cdef-fedc-ba9876543210";

function reader(bytes: ByteBuilder): XdrReader {
  const made = new XdrReader();
  const { buffer } = bytes;
  made.point(buffer, new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength), 0, buffer.length);
  return made;
}
function decoded<Value>(decode: (r: XdrReader) => Value, bytes: ByteBuilder): Value {
  const made = reader(bytes);
  const value = decode(made);
  made.done();
  return value;
}
function encoded(write: (w: XdrWriter) => void): Buffer {
  const writer = new XdrWriter();
  write(writer);
  return Buffer.from(writer.take());
}

describe("generated codec against bytes made by hand", () => {
  it("writes an optional string and flags that may be left out", () => {
    expect(encoded((w) => encodeConnectOpenArgs(w, { name: "qemu:///system" }))).toEqual(new ByteBuilder().u32(1).string("qemu:///system").u32(0).buffer);
    expect(encoded((w) => encodeConnectOpenArgs(w, { flags: 1 }))).toEqual(new ByteBuilder().u32(0).u32(1).buffer);
  });

  it("reads a list of domains", () => {
    const bytes = new ByteBuilder().u32(2).domain("a", UUID, 7).domain("björk", UUID, -1).u32(2);
    expect(decoded(decodeConnectListAllDomainsRet, bytes)).toEqual({
      domains: [
        { name: "a", uuid: UUID, id: 7 },
        { name: "björk", uuid: UUID, id: -1 },
      ],
      ret: 2,
    });
  });

  it("reads and writes small integers, which take four bytes, and 64-bit ones as bigint", () => {
    const bytes = new ByteBuilder()
      .u32(5)
      .u64(2n ** 64n - 1n)
      .u64(1n)
      .u32(65_535)
      .u64(0n);
    const info = { state: 5, maxMem: 2n ** 64n - 1n, memory: 1n, nrVirtCpu: 65_535, cpuTime: 0n };
    expect(decoded(decodeDomainGetInfoRet, bytes)).toEqual(info);
    expect(encoded((w) => encodeDomainGetInfoRet(w, info))).toEqual(bytes.buffer);
  });

  it("reads typed parameters of every type", () => {
    const bytes = new ByteBuilder()
      .u32(1)
      .domain("a", UUID, 1)
      .u32(7)
      .string("i")
      .u32(1)
      .i32(-2)
      .string("u")
      .u32(2)
      .u32(4_000_000_000)
      .string("l")
      .u32(3)
      .i64(-5n)
      .string("ul")
      .u32(4)
      .u64(2n ** 63n)
      .string("d")
      .u32(5)
      .raw(0x3f, 0xf8, 0, 0, 0, 0, 0, 0)
      .string("b")
      .u32(6)
      .u32(1)
      .string("__proto__")
      .u32(7)
      .string("text");
    const [record] = decoded(decodeConnectGetAllDomainStatsRet, bytes).retStats;
    expect(Object.entries(record?.params ?? {})).toEqual([
      ["i", -2],
      ["u", 4_000_000_000],
      ["l", -5n],
      ["ul", 2n ** 63n],
      ["d", 1.5],
      ["b", true],
      ["__proto__", "text"],
    ]);
    expect(Object.getPrototypeOf(record?.params)["toString"]).toBeUndefined();
  });

  it("writes typed parameters with the types they were given, and guesses those of a record", () => {
    const params = [
      typedParam.ullong("hard_limit", 1024n),
      typedParam.int("n", 3),
      typedParam.double("d", 1.5),
      typedParam.boolean("b", true),
      typedParam.string("s", "é"),
      typedParam.uint("u", 1),
      typedParam.llong("l", -1n),
    ];
    const bytes = new ByteBuilder()
      .domain("a", UUID, 1)
      .u32(7)
      .string("hard_limit")
      .u32(4)
      .u64(1024n)
      .string("n")
      .u32(1)
      .i32(3)
      .string("d")
      .u32(5)
      .raw(0x3f, 0xf8, 0, 0, 0, 0, 0, 0)
      .string("b")
      .u32(6)
      .u32(1)
      .string("s")
      .u32(7)
      .string("é")
      .string("u")
      .u32(2)
      .u32(1)
      .string("l")
      .u32(3)
      .i64(-1n)
      .u32(3);
    const args = { dom: { name: "a", uuid: UUID, id: 1 }, params, flags: 3 };
    expect(encoded((w) => encodeDomainSetMemoryParametersArgs(w, args))).toEqual(bytes.buffer);
    expect(decoded(decodeDomainSetMemoryParametersArgs, bytes)).toEqual(args);
    const record = { retStats: [{ dom: args.dom, params: { x: 1n, y: -3 } }] };
    expect(encoded((w) => encodeConnectGetAllDomainStatsRet(w, record))).toEqual(
      new ByteBuilder().u32(1).domain("a", UUID, 1).u32(2).string("x").u32(4).u64(1n).string("y").u32(1).i32(-3).buffer,
    );
  });

  it("reads an event and an error", () => {
    const event = new ByteBuilder().i32(7).domain("vm", UUID, -1).i32(5).i32(1);
    expect(decoded(decodeDomainEventCallbackLifecycleMsg, event)).toEqual({
      callbackID: 7,
      msg: { dom: { name: "vm", uuid: UUID, id: -1 }, event: 5, detail: 1 },
    });
    const error = new ByteBuilder()
      .i32(42)
      .i32(10)
      .u32(1)
      .string("gone")
      .i32(2)
      .u32(1)
      .domain("vm", UUID, 1)
      .u32(0)
      .u32(1)
      .string("two")
      .u32(0)
      .i32(-1)
      .i32(9)
      .u32(0);
    expect(decoded(decodeNetMessageError, error)).toMatchObject({
      code: 42,
      domain: 10,
      message: "gone",
      str1: null,
      str2: "two",
      int1: -1,
      int2: 9,
      net: null,
    });
  });

  it("reads text in a fixed array of characters, each four bytes, up to its NUL", () => {
    const bytes = new ByteBuilder();
    for (let i = 0; i < 32; i++) bytes.u32(i < 6 ? ("x86_64".codePointAt(i) ?? 0) : 0);
    bytes.u64(1024n).i32(8).i32(0).i32(1).i32(1).i32(4).i32(2);
    expect(decoded(decodeNodeGetInfoRet, bytes)).toMatchObject({ model: "x86_64", memory: 1024n, cpus: 8, threads: 2 });
  });

  it("writes authentication data as characters of four bytes", () => {
    const bytes = new ByteBuilder().string("PLAIN").i32(0).u32(2).i32(0).i32(-1);
    expect(encoded((w) => encodeAuthSaslStartArgs(w, { mech: "PLAIN", nil: 0, data: Uint8Array.of(0, 255) }))).toEqual(bytes.buffer);
  });

  it.each<[string, ByteBuilder, RegExp]>([
    ["count over the definition's maximum", new ByteBuilder().u32(16_385), /at most 16384/],
    ["count that cannot fit", new ByteBuilder().u32(1000).domain("a", UUID, 1), /does not fit/],
    [
      "text longer than the message",
      new ByteBuilder()
        .u32(1)
        .u32(4000)
        .raw(65, 65, 65, 65)
        .raw(...Array.from({ length: 20 }, () => 0)),
      /beyond the message/,
    ],
    [
      "text over its maximum",
      new ByteBuilder()
        .u32(1)
        .u32(4_194_305)
        .raw(...Array.from({ length: 24 }, () => 0)),
      /at most 4194304/,
    ],
  ])("refuses a %s", (_name, bytes, message) => {
    expect(() => decodeConnectListAllDomainsRet(reader(bytes))).toThrow(message);
  });

  it("names the field of an argument that does not fit its type", () => {
    const writer = new XdrWriter();
    const dom = { name: "a", uuid: "nope", id: 1 };
    expect(() => encodeDomainSetMemoryParametersArgs(writer, { dom, params: [] })).toThrow("uuid");
    expect(() => writer.uint(-1, "flags")).toThrow("flags: -1");
    expect(() => writer.hyper(1 as never, "size")).toThrow("size: 1 is no bigint");
    expect(() => writer.string(undefined as never, 10, "xml")).toThrow("xml: expected text");
    expect(() => writer.string("too long", 3, "name")).toThrow("name: 8 bytes, at most 3");
  });
});
