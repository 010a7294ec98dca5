import { expect, it } from "vitest";
import { Estate } from "../estate/estate.ts";
import { Draft } from "../events/draft.ts";
import { pieceSize } from "../events/prepare.ts";
import { aHost } from "../lab/sampleObjects.ts";
import { tellConnecting } from "./connecting.ts";

it("a server that starts with thousands of hosts tells of them in pieces, of each once", async () => {
  const estate = new Estate();
  const claims = Array.from({ length: 2_500 }, (_, i) => ({ kind: "host" as const, id: `h-${i}`, fence: 1, lost: i === 7 }));
  for (const { id } of claims) estate.put(aHost(id));
  const sizes: number[] = [];
  const told: string[] = [];
  const write = async (mutation: (draft: Draft) => unknown): Promise<never> => {
    const draft = new Draft(estate);
    draft.attempt(mutation);
    sizes.push(draft.changes.length);
    told.push(...draft.changes.map(({ object }) => object.id));
    return undefined as never;
  };
  await tellConnecting({ write }, claims, { since: "2026-01-01T00:00:00.000Z", cause: "the server started", lastSeen: undefined });
  expect(Math.max(...sizes)).toBeLessThanOrEqual(pieceSize);
  expect(new Set(told)).toEqual(new Set(claims.filter((claim) => !claim.lost).map((claim) => claim.id)));
  expect(told).toHaveLength(2_499);
});
