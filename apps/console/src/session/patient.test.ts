import { describe, expect, it } from "vitest";
import { patient, repeatsMs } from "./patient.ts";

/** A load that fails so many times, at a server that is away for so many looks. */
function made(failures: number, away: number) {
  const waited: number[] = [];
  let loads = 0;
  const load = patient(
    async () => {
      if (loads++ < failures) throw new TypeError("Failed to fetch dynamically imported module");
      return "the page";
    },
    async () => away-- <= 0,
    async (ms) => void waited.push(ms),
  );
  return { load, waited, loads: () => loads };
}

describe("a piece of the console", () => {
  it("is asked for once where it comes", async () => {
    const { load, waited, loads } = made(0, 0);
    expect([await load(), loads(), waited]).toEqual(["the page", 1, []]);
  });
  it("is waited for while the server is away", async () => {
    const { load, waited } = made(3, 3);
    expect(await load()).toBe("the page");
    expect(waited).toEqual(repeatsMs.slice(0, 3));
  });
  it("is asked for once more where the server is back by the time that one looks", async () => {
    const { load, loads } = made(1, 0);
    expect([await load(), loads()]).toEqual(["the page", 2]);
  });
  it("is of another version where the server answers and it does not come", async () => {
    const { load, loads, waited } = made(Infinity, 0);
    await expect(load()).rejects.toThrow("dynamically imported");
    expect([loads(), waited]).toEqual([2, []]);
  });
  it("is given up where the server stays away", async () => {
    const { load, waited } = made(Infinity, Infinity);
    await expect(load()).rejects.toThrow("dynamically imported");
    expect(waited).toEqual(repeatsMs);
  });
});
