import fc from "fast-check";
import { expect, test } from "vitest";
import { epochOrder } from "./epoch-order.ts";
import { splitPairs, splitWarnings } from "./split.ts";

const pairs = (count: number, groups?: number) =>
  Array.from({ length: count }, (_, i) => ({ key: `p${i}`, ...(groups !== undefined && { group: `g${i % groups}` }) }));

test("15 % of 100 pairs are 15, always the same ones in any order", () => {
  const { train, validation } = splitPairs(pairs(100), { fraction: 0.15, seed: 42 });
  expect([train.length, validation.length]).toEqual([85, 15]);
  const again = splitPairs(pairs(100).reverse(), { fraction: 0.15, seed: 42 });
  expect(again.validation.map(({ key }) => key).sort()).toEqual(validation.map(({ key }) => key).sort());
  const other = splitPairs(pairs(100), { fraction: 0.15, seed: 43 });
  expect(other.validation).not.toEqual(validation);
});

test("no group is split, and the fraction is met within one group", () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 10, max: 20 }), fc.nat(), (count, groups, seed) => {
      const { train, validation } = splitPairs(pairs(count, groups), { fraction: 0.15, seed });
      const inTrain = new Set(train.map(({ group }) => group));
      expect(validation.some(({ group }) => inTrain.has(group))).toBe(false);
      expect(validation.length - Math.round(0.15 * count)).toBeGreaterThanOrEqual(0);
      expect(validation.length - Math.round(0.15 * count)).toBeLessThan(Math.ceil(count / groups));
    }),
  );
});

test("captions of one image stay together in any order", () => {
  const captions = pairs(60).map(({ key }, i) => ({ key, image: { file: `${i % 20}.png` } }));
  const { train, validation } = splitPairs(captions, { fraction: 0.2, seed: 1 });
  expect(validation).toHaveLength(12);
  const seen = new Set(train.map(({ image }) => image.file));
  expect(validation.some(({ image }) => seen.has(image.file))).toBe(false);
  const again = splitPairs([...captions].reverse(), { fraction: 0.2, seed: 1 });
  expect(again.validation.map(({ key }) => key).sort()).toEqual(validation.map(({ key }) => key).sort());
});

test("a validation set of one group, or of another size than requested, gives a warning", () => {
  const { train, validation } = splitPairs(pairs(40, 2), { fraction: 0.15, seed: 1 });
  expect(splitWarnings({ train, validation }, 0.15)).toEqual([
    expect.stringMatching(/^the validation set \(20\) is a single group, "g[01]"/),
    "50 % are in the validation set instead of 15 %, since groups are not split",
  ]);
  expect(splitWarnings(splitPairs(pairs(40, 20), { fraction: 0.15, seed: 1 }), 0.15)).toEqual([]);
  expect(splitWarnings(splitPairs(pairs(40), { fraction: 0.15, seed: 1 }), 0.15)).toEqual([]);
});

test("a fraction of 0 is allowed, one that leaves no training pairs is not", () => {
  expect(splitPairs(pairs(10), { fraction: 0, seed: 1 }).validation).toEqual([]);
  expect(() => splitPairs(pairs(10), { fraction: 1, seed: 1 })).toThrow("must be in [0, 1)");
  expect(() => splitPairs(pairs(10, 1), { fraction: 0.1, seed: 1 })).toThrow("nothing is left for training");
});

const data = (count: number) => ({
  keys: Array.from({ length: count }, (_, i) => `k${i}`),
  lengths: Array.from({ length: count }, (_, i) => (i * 37) % 64),
});

test("an epoch holds every pair once, in another order than the epoch before", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 150 }),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 0, max: 8 }),
      (count, batch, bucketBatches) => {
        const order = epochOrder(data(count), { batch, seed: 1, epoch: 0, bucketBatches });
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      },
    ),
  );
  const first = epochOrder(data(50), { batch: 8, seed: 1, epoch: 0 });
  expect(epochOrder(data(50), { batch: 8, seed: 1, epoch: 1 })).not.toEqual(first);
  expect(epochOrder(data(50), { batch: 8, seed: 1, epoch: 0 })).toEqual(first);
});

test("buckets put texts of similar length together; what fills no batch stays last", () => {
  const all = data(130);
  const spread = (order: number[]) => {
    let sum = 0;
    for (let i = 0; i < 128; i += 16) {
      const lengths = order.slice(i, i + 16).map((k) => all.lengths[k]!);
      sum += Math.max(...lengths) - Math.min(...lengths);
    }
    return sum / 8;
  };
  const options = { batch: 16, seed: 1, epoch: 0 };
  const plain = epochOrder(all, options);
  const bucketed = epochOrder(all, { ...options, bucketBatches: 8 });
  expect(spread(plain)).toBeGreaterThan(40);
  expect(spread(bucketed)).toBeLessThan(12);
  expect(bucketed.slice(128)).toEqual(plain.slice(128));
});

test("a batch without pairs is refused", () => {
  expect(() => epochOrder(data(3), { batch: 0, seed: 1, epoch: 0 })).toThrow("at least one pair");
});
