import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMembers, foregroundRow, mirroredMaps } from "../../test/support/class-maps.ts";
import { expectClose } from "../../test/support/close.ts";
import { drawn } from "../../test/support/pictures.ts";
import { type ClassMaps, probabilitiesOf } from "../image/class-maps.ts";
import { tTwoSided } from "./_student-t.ts";
import { addReleased, type ReleasedMapName, releasedMap, releasedScore, startReleased } from "./released.ts";

function made(members: readonly ClassMaps<"probabilities">[], name: ReleasedMapName) {
  const sums = startReleased(members[0]!);
  for (const member of members) addReleased(sums, member);
  return releasedMap(sums, name);
}

describe("Student's t, two-sided", () => {
  // ν = 1: 1 - 2/π atan t; ν = 2: 1 - t / sqrt(t² + 2).
  test.each([0, 0.01, 0.5, 1, 3, 40, 1e4])("by hand: closed forms at t = %s", (t) => {
    expect(tTwoSided(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12);
    expect(tTwoSided(-t, 2)).toBeCloseTo(1 - t / Math.sqrt(t * t + 2), 12);
  });

  // Printed tables: 2.228139 at ν = 10 and 12.706205 at ν = 1 leave 5 %, 2.575829 with ν without end 1 %.
  test("by table: critical values", () => {
    expect(tTwoSided(2.228139, 10)).toBeCloseTo(0.05, 7);
    expect(tTwoSided(12.706205, 1)).toBeCloseTo(0.05, 7);
    expect(tTwoSided(2.575829, 1e7)).toBeCloseTo(0.01, 7);
  });
});

describe("the released maps", () => {
  const hand = [foregroundRow(0.5, 0.25), foregroundRow(0.75, 0.25)];

  test("by hand: the background's entropy in nats, summed over members", () => {
    const { data } = made(hand, "total_entropy");
    expect(data[0]).toBeCloseTo(0.5 * Math.LN2 + 0.25 * Math.log(4), 6);
    expect(data[1]).toBeCloseTo(2 * 0.75 * Math.log(4 / 3), 6);
  });

  // Pixel 0: foreground 0.5 and 0.75, background 0.5 and 0.25: means 0.625 and 0.375, both s² / n = 0.015625, ν = 2,
  // t = 0.25 / sqrt(0.03125) = sqrt 2, p = 1 - sqrt 2 / 2. Pixel 1: all alike and different, p = 0.
  test("by hand: Welch's test, transposed", () => {
    const { width, height, data } = made(hand, "t_test");
    expect([width, height]).toEqual([1, 2]);
    expect(data[0]).toBeCloseTo(1 - Math.SQRT1_2, 6);
    expect(data[1]).toBe(0);
    expect([...made([foregroundRow(0.5), foregroundRow(0.5)], "t_test").data]).toEqual([1]);
  });

  test("have entropies of at least 0 and p-values in [0, 1], whatever the order of members and the side", () => {
    fc.assert(
      fc.property(anyMembers(), (logits) => {
        const members = logits.map((maps) =>
          probabilitiesOf({ ...maps, count: 2, data: maps.data.slice(0, 2 * maps.width * maps.height) }),
        );
        for (const name of ["class_entropy", "total_entropy", "t_test"] as const) {
          if (name === "t_test" && members.length < 2) continue;
          const { data } = made(members, name);
          const other = made([...members].reverse().map(mirroredMaps), name);
          const back = name === "t_test" ? { ...other, data: turned(other) } : mirroredMaps(other);
          expect(data.every((value) => value >= 0 && (value <= 1 || name === "total_entropy"))).toBe(true);
          expectClose(back.data, data, 1e-5);
        }
      }),
    );
  });

  test("need background and foreground, and two members for a test", () => {
    expect(() => made([{ ...foregroundRow(0.5), areExclusive: false }], "class_entropy")).toThrow("expected maps of 2 classes");
    expect(() => made([foregroundRow(0.5)], "t_test")).toThrow("at least 2 members, got 1");
  });
});

/** A transposed map with its rows in the other order: mirrored left to right before it was transposed. */
function turned({ width, height, data }: { readonly width: number; readonly height: number; readonly data: Float32Array }): Float32Array {
  return Float32Array.from(data, (_, i) => data[(height - 1 - Math.floor(i / width)) * width + (i % width)]!);
}

test("by hand: an edge pixel counts 255, and a mask without an edge has no score", () => {
  const map = { width: 5, height: 5, data: new Float32Array(25).fill(1) };
  expect(releasedScore(map, drawn(".....", ".###.", ".###.", ".###.", "....."))).toBeCloseTo(2500 / 4080, 12);
  expect(releasedScore(map, drawn(...new Array(5).fill(".....")))).toBe(Number.POSITIVE_INFINITY);
  expect(releasedScore({ ...map, data: new Float32Array(25) }, drawn(...new Array(5).fill(".....")))).toBeNaN();
  expect(() => releasedScore(map, drawn("#"))).toThrow("25 and 1 pixels");
});
