import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../errors.ts";
import type { Item, Split } from "../data-set.ts";
import { sharesOf, splitOf, withheld } from "./splits.ts";

const item = (name: string, own: Pick<Item, "group" | "split"> = {}): Item => ({
  ...own,
  name,
  ending: "png",
  image: name,
  masks: [],
  read: () => Promise.reject(new Error("not read")),
});
const paper = { train: 50, val: 30, test: 20 };
const namesOf = (chosen: ReadonlyMap<Item, string>, split: string) =>
  [...chosen].filter(([, own]) => own === split).map(([{ name }]) => name);

describe("splits at random", () => {
  test("all images of a patient are in one split, in any order of the images", () => {
    const patients = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(patients, fc.nat(100), (of, seed) => {
        const items = of.map((patient, i) => item(`image-${i}`, { group: String(patient) }));
        const chosen = splitOf(items, { seed, paper });
        const again = splitOf([...items].reverse(), { seed, paper });
        const splitsOf = new Map<string, Set<string>>();
        for (const one of items) {
          expect(again.get(one)).toBe(chosen.get(one));
          splitsOf.set(one.group!, (splitsOf.get(one.group!) ?? new Set()).add(chosen.get(one)!));
        }
        expect([...splitsOf.values()].every(({ size }) => size === 1)).toBe(true);
      }),
    );
  });

  test("without patients the proportions are those asked for, and another seed draws others", () => {
    const items = Array.from({ length: 100 }, (_, i) => item(`image-${i}`));
    const chosen = splitOf(items, { seed: 1, paper });
    expect(["train", "val", "test"].map((split) => namesOf(chosen, split).length)).toEqual([50, 30, 20]);
    expect(namesOf(splitOf(items, { seed: 2, paper }), "test")).not.toEqual(namesOf(chosen, "test"));
    const halves = splitOf(items, { seed: 1, paper, shares: { train: 0.5, test: 0.5 } });
    expect(["train", "val", "test"].map((split) => namesOf(halves, split).length)).toEqual([50, 0, 50]);
  });

  test("a data set of one split has that alone", () => {
    expect([...splitOf([item("a"), item("b")], { seed: 1, paper: { train: 600 } }).values()]).toEqual(["train", "train"]);
  });
});

test("splits of the data set itself are kept, unless shares are asked for", () => {
  const items = ["train", "val", "test", "test"].map((split, i) => item(`image-${i}`, { split: split as Split }));
  expect([...splitOf(items, { seed: 1, paper }).values()]).toEqual(["train", "val", "test", "test"]);
  expect([...splitOf(items, { seed: 1, paper, shares: { val: 1 } }).values()]).toEqual(["val", "val", "val", "val"]);
});

test("a list makes the test images; what else is of their groups is in no split, unless they may be shared", () => {
  const items = [item("a", { group: "1" }), item("b", { group: "1" }), item("c", { group: "2" }), item("d", { group: "3" })];
  const chosen = splitOf(items, { seed: 1, paper: { train: 1, test: 1 }, test: new Set(["a"]) });
  expect([...chosen.values()]).toEqual(["test", withheld, "train", "train"]);
  const shared = splitOf(items, { seed: 1, paper: { train: 1, test: 1 }, test: new Set(["a"]), shareGroups: true });
  expect([...shared.values()]).toEqual(["test", "train", "train", "train"]);
});

test("shares are read from flags", () => {
  expect(sharesOf(["train=0.7", "val=0.1", "test=0.2"])).toEqual({ train: 0.7, val: 0.1, test: 0.2 });
  for (const [flags, message] of [
    [["training=0.7"], 'got "training=0.7"'],
    [["train=2"], 'got "train=2"'],
    [["train"], 'got "train"'],
    [["train=0.5", "train=0.5"], "train has two shares"],
    [["train=0.5", "test=0.4"], "the shares sum to 0.9, expected 1"],
  ] as const) {
    expect(() => sharesOf(flags)).toThrow(ConfigError);
    expect(() => sharesOf(flags)).toThrow(message);
  }
});
