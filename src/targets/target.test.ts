import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { folderOf, labelOf, namedTargets, unnamedTarget } from "./target.ts";

const named = (...names: string[]) => namedTargets(new Map(names.map((name) => [name, ["it"]])), "--target");

test("several targets have folders, values and colours of their own, in the order given", () => {
  const all = named("lung", "heart-2.a");
  expect(all.map((target) => [folderOf("masks", target, all), labelOf(target, all)])).toEqual([
    ["masks_lung", 1],
    ["masks_heart-2.a", 2],
  ]);
  expect(all[0]!.colour).not.toEqual(all[1]!.colour);
});

test("one target, named or not, has the plain folder", () => {
  for (const all of [named("lung"), [unnamedTarget(["it"])]]) expect(folderOf("masks", all[0]!, all)).toBe("masks");
});

test.each(["", "a b", "lung/left", "..", "heart.", "ä", "a=b", "__proto__", "x".repeat(101)])("the name %j is refused", (name) => {
  expect(() => named(name)).toThrow(ConfigError);
  expect(() => named(name)).toThrow(`--target: ${JSON.stringify(name)} cannot name a target`);
});

test("names that some file systems take for equal are refused, and more than label images hold", () => {
  expect(() => named("Lung", "lung")).toThrow('the targets "Lung" and "lung" differ in upper and lower case alone');
  expect(() => named(...Array.from({ length: 256 }, (_, i) => `t${i}`))).toThrow("256 targets, but label images hold at most 255");
  expect(named("constructor", "toString")).toHaveLength(2);
});
