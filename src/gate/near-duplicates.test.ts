import fc from "fast-check";
import { expect, test } from "vitest";
import type { GrayImage } from "../image/types.ts";
import { HashIndex } from "./_hash-index.ts";
import { clusterGroups } from "./cluster-groups.ts";
import { fingerprint } from "./fingerprint.ts";
import { duplicateClusters, duplicatePairs, type FingerprintedImage, leaks } from "./near-duplicates.ts";
import { type Hash64, hammingDistance } from "./perceptual-hash.ts";
import { DuplicateSettings } from "./settings.ts";

const settings = DuplicateSettings.parse({});

const hash = fc.record({ high: fc.nat(0xffffffff), low: fc.nat(0xffffffff) });
/** A hash that differs from another in the given bits. */
const flipped = ({ high, low }: Hash64, bits: readonly number[]): Hash64 => {
  let [h, l] = [high, low];
  for (const bit of bits) {
    if (bit < 32) l ^= 1 << bit;
    else h ^= 1 << (bit - 32);
  }
  return { high: h >>> 0, low: l >>> 0 };
};

test("the index finds exactly the hashes within a distance, each once", () => {
  const near = fc.uniqueArray(fc.nat(63), { maxLength: 18 });
  fc.assert(
    fc.property(
      hash,
      fc.array(near, { maxLength: 12 }),
      fc.array(hash, { maxLength: 12 }),
      fc.nat(15),
      (one, changes, others, distance) => {
        const hashes = [...changes.map((bits) => flipped(one, bits)), ...others];
        const found: [number, number][] = [];
        new HashIndex(hashes).within(one, distance, (position, bits) => found.push([position, bits]));
        const expected = hashes.flatMap((other, i) => {
          const bits = hammingDistance(one, other);
          return bits <= distance ? [[i, bits]] : [];
        });
        expect(found.sort(([a], [b]) => a - b)).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

/** A picture of soft blobs, which depends on the seed alone, with levels above black. */
function blobs(seed: number, width = 72, height = 56): GrayImage {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const spots = Array.from({ length: 24 }, () => [next() * width, next() * height, 2 + next() * 8, next() * 2 - 1] as const);
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    let value = 0;
    for (const [x, y, r, weight] of spots)
      value += weight * Math.exp(-(((i % width) - x) ** 2 + (Math.floor(i / width) - y) ** 2) / (2 * r * r));
    data[i] = Math.max(30, Math.min(255, 130 + 90 * value));
  }
  return { width, height, data };
}

const brighter = ({ data, ...size }: GrayImage): GrayImage => ({ ...size, data: data.map((level) => Math.min(255, level + 12)) });
const mirrored = ({ width, height, data }: GrayImage): GrayImage => ({
  width,
  height,
  data: data.map((_, i) => data[i - (i % width) + width - 1 - (i % width)]!),
});
const named = (name: string, image: GrayImage): FingerprintedImage => ({ name, fingerprint: fingerprint(image) });
const namesOf = (pairs: readonly { readonly a: FingerprintedImage; readonly b: FingerprintedImage }[]) =>
  pairs.map(({ a, b }) => `${a.name} ${b.name}`);

test("a changed copy is a near-duplicate, another picture is none", () => {
  const images = [named("one", blobs(1)), named("two", blobs(2)), named("copy of one", brighter(blobs(1)))];
  expect(namesOf(duplicatePairs(images, settings))).toEqual(["one copy of one"]);
});

test("mirrored copies are found if asked for, with the way in which they are turned", () => {
  const images = [named("one", blobs(1)), named("mirrored", mirrored(blobs(1)))];
  expect(duplicatePairs(images, settings)).toEqual([]);
  expect(duplicatePairs(images, { ...settings, turnedCopies: true })).toMatchObject([{ turn: "mirrored left-right" }]);
});

test("leaks are pairs across two sets alone", () => {
  const train = [named("one", blobs(1)), named("one again", blobs(1)), named("two", blobs(2))];
  const test = [named("three", blobs(3)), named("one in test", brighter(blobs(1)))];
  expect(namesOf(leaks(train, test, settings))).toEqual(["one one in test", "one again one in test"]);
});

test("images without contrast are near-duplicates of nothing", () => {
  const blank = { width: 40, height: 40, data: new Uint8Array(1600) };
  expect(duplicatePairs([named("a", blank), named("b", blank)], settings)).toEqual([]);
});

test("clusters are the images that a chain of pairs joins", () => {
  const images = [1, 2, 1, 3, 2, 1].map((seed, i) => named(`${i}`, blobs(seed)));
  expect(duplicateClusters(images, settings).map((cluster) => cluster.map(({ name }) => name))).toEqual([
    ["0", "2", "5"],
    ["1", "4"],
  ]);
});

test("groups that share a cluster become one, other items stay as they are", () => {
  const items = [{ key: "a", group: "p" }, { key: "b", group: "p" }, { key: "c", group: "q" }, { key: "d" }, { key: "e" }, { key: "f" }];
  expect(
    clusterGroups(items, [
      ["b", "c"],
      ["d", "f"],
      ["unknown", "e"],
    ]),
  ).toEqual([
    { key: "a", group: "p" },
    { key: "b", group: "p" },
    { key: "c", group: "p" },
    { key: "d", group: "near-duplicates of d" },
    { key: "e" },
    { key: "f", group: "near-duplicates of d" },
  ]);
});

test("no cluster and no group is parted, whatever they are", () => {
  const keys = Array.from({ length: 12 }, (_, i) => `${i}`);
  const groups = fc.array(fc.option(fc.constantFrom("p", "q", "r", "s"), { nil: undefined }), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(
      groups,
      fc.array(fc.uniqueArray(fc.constantFrom(...keys), { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
      (given, clusters) => {
        const items = keys.map((key, i) => ({ key, group: given[i] }));
        const joined = clusterGroups(items, clusters);
        const groupOf = new Map(joined.map(({ key, group }) => [key, group]));
        for (const cluster of clusters) for (const key of cluster) expect(groupOf.get(key)).toBe(groupOf.get(cluster[0]!));
        items.forEach(({ group }, i) => {
          items.forEach((other, j) => {
            if (group !== undefined && other.group === group) expect(joined[i]!.group).toBe(joined[j]!.group);
          });
        });
      },
    ),
    { numRuns: 60 },
  );
});
