import { expect, test } from "vitest";
import { TargetOrder } from "./target-order.ts";

// Twenty of one structure, two of another; each image has one of the first, two have both.
const targets = [
  ...Array.from({ length: 20 }, (_, i) => ({ key: `large/${i}`, group: "large", image: i })),
  ...[3, 7].map((image) => ({ key: `small/${image}`, group: "small", image })),
];
const groupsOf = (places: readonly number[]) => places.map((index) => targets[index]!.group);

test("groups come equally often, and within a group each target once before any comes again", () => {
  const order = new TargetOrder(targets, { seed: 1, isBalanced: true });
  const seen = Array.from({ length: 80 }, (_, place) => order.at(place));
  expect(groupsOf(seen).filter((group) => group === "small")).toHaveLength(40);
  const large = seen.filter((index) => index < 20);
  expect(new Set(large.slice(0, 20)).size).toBe(20);
  expect(new Set(large.slice(20, 40)).size).toBe(20);
  expect(large.slice(0, 20)).not.toEqual(large.slice(20, 40));
});

test("unbalanced, all targets come once before any comes again", () => {
  const order = new TargetOrder(targets, { seed: 1, isBalanced: false });
  expect(new Set(Array.from({ length: 22 }, (_, place) => order.at(place))).size).toBe(22);
});

test("a place does not depend on those asked for before", () => {
  const [forwards, backwards] = [0, 1].map(() => new TargetOrder(targets, { seed: 5, isBalanced: true }));
  const places = Array.from({ length: 200 }, (_, i) => i);
  const a = places.map((place) => forwards!.together(place, 3));
  const b = places.toReversed().map((place) => backwards!.together(place, 3));
  expect(b.toReversed()).toEqual(a);
});

test("targets of one image come together, and again where it has too few", () => {
  const order = new TargetOrder(targets, { seed: 1, isBalanced: true });
  for (let place = 0; place < 50; place++) {
    const some = order.together(place, 3);
    expect(some[0]).toBe(order.at(place));
    expect(new Set(some.map((index) => targets[index]!.image)).size).toBe(1);
    const image = targets[some[0]!]!.image;
    expect(new Set(some).size).toBe(image === 3 || image === 7 ? 2 : 1);
  }
});
