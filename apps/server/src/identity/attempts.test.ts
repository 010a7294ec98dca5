import { describe, expect, test } from "vitest";
import { addressKey, Attempts, RateLimited } from "./attempts.ts";

describe("attempts", () => {
  test("a burst passes, then one each interval, and the refusal says how long", () => {
    let now = 1_000_000;
    const attempts = new Attempts({ burst: 3, secondsEach: 6, now: () => now });
    for (let i = 0; i < 3; i++) attempts.take("a", "tries");
    expect(() => attempts.take("a", "tries")).toThrow(/try again in 6 s/);
    attempts.take("b", "tries"); // others are not touched
    now += 6_000;
    attempts.take("a", "tries");
    expect(() => attempts.take("a", "tries")).toThrow(RateLimited);
  });

  test("success gives its attempt back: whoever is right is never slowed", () => {
    const attempts = new Attempts({ burst: 1, secondsEach: 60, now: () => 0 });
    for (let i = 0; i < 100; i++) {
      attempts.take("a", "tries");
      attempts.giveBack("a");
    }
    attempts.take("a", "tries");
    expect(() => attempts.take("a", "tries")).toThrow(RateLimited);
  });

  test("a clock that is set back a year locks nobody out for a year", () => {
    let now = 10 ** 12;
    const attempts = new Attempts({ burst: 1, secondsEach: 5, now: () => now });
    attempts.take("a", "tries");
    now -= 365 * 86_400_000;
    expect(() => attempts.take("a", "tries")).toThrow(/in 5 s/);
    now += 5_000;
    attempts.take("a", "tries");
  });

  test("what is remembered is bounded", () => {
    const attempts = new Attempts({ burst: 1, secondsEach: 60, now: () => 0, most: 10 });
    attempts.take("first", "tries");
    for (let i = 0; i < 10; i++) attempts.take(`k${i}`, "tries");
    attempts.take("first", "tries"); // forgotten, so allowed
    expect(() => attempts.take("k9", "tries")).toThrow(RateLimited);
  });
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("the site of %s is %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
