import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMembers, foregroundRow, probabilityRow } from "../../test/support/class-maps.ts";
import { expectClose } from "../../test/support/close.ts";
import { probabilitiesOf } from "../image/class-maps.ts";
import { entropyLevels, entropyMap } from "./entropy.ts";

test("by hand: two classes of 0.5 have 1 bit, 0.2 has 0.721928, 0.9 has 0.468996, certainty none", () => {
  expectClose(entropyMap(foregroundRow(0.5, 0.2, 0.9, 0, 1)).data, [1, 0.721928, 0.468996, 0, 0], 1e-6);
});

test("by hand: four equal classes have 2 bits, and so at most", () => {
  const { data, maxBits } = entropyMap(probabilityRow([0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]));
  expect(maxBits).toBe(2);
  expectClose(data, [2, 1], 1e-9);
});

test("each region has at most 1 bit", () => {
  const { data, maxBits } = entropyMap({ ...probabilityRow([0.5, 0.5], [1, 0.2]), areExclusive: false });
  expect(maxBits).toBe(2);
  expectClose(data, [2, 0.721928], 1e-6);
});

test("by hand: 65535 is the largest entropy, whatever the number of classes", () => {
  expect([...entropyLevels(entropyMap(foregroundRow(0.5, 0.2, 0)))]).toEqual([65535, Math.round(0.7219281 * 65535), 0]);
  expect([...entropyLevels(entropyMap(probabilityRow([0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0])))]).toEqual([65535, 32768]);
});

test("levels are within half a step of the entropy", () => {
  fc.assert(
    fc.property(anyMembers(1), ([logits]) => {
      const map = entropyMap(probabilitiesOf(logits!));
      const step = map.maxBits / 65535;
      expectClose(
        Array.from(entropyLevels(map), (level) => level * step),
        map.data,
        0.5001 * step,
      );
    }),
  );
});
