import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fnv1a } from "../tensor/random.ts";
import { Draws, lesions, modalities, type Phantom, phantom, type StructureName, structuresOf } from "./index.ts";

const seed = 3;
const size = 96;
const count = 60;
const drawn = new Map(modalities.map((modality) => [modality, Array.from({ length: count }, (_, i) => phantom(modality, seed, i, size))]));

/** Brain and vertebrae fill the middle of their scans: hardly a picture lacks them. */
const always: readonly StructureName[] = ["brain", "spine"];

const area = (one: Phantom, name: string) => one.structures.get(name)?.mask.data.reduce((sum, value) => sum + value, 0) ?? 0;
const lesionOf = (one: Phantom) => lesions.find((name) => one.structures.has(name));

/** Mean column of a mask. */
function column(one: Phantom, name: string): number {
  const { data, width } = one.structures.get(name)!.mask;
  let [sum, pixels] = [0, 0];
  for (const [at, value] of data.entries()) if (value === 1) [sum, pixels] = [sum + (at % width), pixels + 1];
  return sum / pixels;
}

describe.each(modalities)("%s", (modality) => {
  const all = drawn.get(modality)!;

  test("the same arguments give the same bytes; another index, seed or size gives another picture", () => {
    const hash = (one: Phantom) => createHash("sha256").update(one.image.data).digest("hex");
    expect(phantom(modality, seed, 5, size)).toEqual(all[5]);
    const others = [phantom(modality, seed, 6, size), phantom(modality, seed + 1, 5, size), phantom(modality, seed, 5, size + 8)];
    expect(new Set([all[5]!, ...others].map(hash)).size).toBe(4);
  });

  test("masks have the picture's size, hold 0 and 1, and none is empty", () => {
    for (const one of all) {
      expect(one.image.data.length).toBe(size * size);
      for (const [name, { mask }] of one.structures) {
        expect([mask.width, mask.height, mask.data.length]).toEqual([size, size, size * size]);
        expect(mask.data.every((value) => value === 0 || value === 1)).toBe(true);
        expect(area(one, name), name).toBeGreaterThan(0);
      }
    }
  });

  test("shows structures of the modality alone, each in some pictures and, but for what no such scan lacks, missing in others", () => {
    const names = structuresOf[modality].filter((name) => name !== "lungs");
    for (const one of all) for (const name of one.structures.keys()) expect(names).toContain(name as StructureName);
    for (const name of names) {
      const shown = all.filter(({ structures }) => structures.has(name)).length;
      expect(shown, name).toBeGreaterThan(count / 10);
      if (!always.includes(name)) expect(shown, name).toBeLessThan(count);
    }
  });

  test("about three in ten are normal", () => {
    const normal = all.filter((one) => lesionOf(one) === undefined).length / count;
    expect(normal).toBeGreaterThan(0.15);
    expect(normal).toBeLessThan(0.5);
  });

  test("a lesion has a size and a site, and lesions come in all sizes", () => {
    const facts = all.flatMap((one) => one.structures.get(lesionOf(one) ?? "")?.facts ?? []);
    for (const { site } of facts) expect(typeof site).toBe("string");
    expect(new Set(facts.map((one) => one.size))).toEqual(new Set(["small", "medium", "large"]));
  });

  test("pictures use the range of grays and differ in brightness", () => {
    const means = all.map(({ image }) => image.data.reduce((sum, value) => sum + value, 0) / image.data.length);
    for (const { image } of all) expect(Math.max(...image.data) - Math.min(...image.data)).toBeGreaterThan(60);
    expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(40);
  });
});

describe("breast-ultrasound", () => {
  const all = drawn.get("breast-ultrasound")!;

  test("its structures are disjoint", () => {
    for (const { structures } of all) {
      const covered = new Uint8Array(size * size);
      for (const { mask } of structures.values()) for (const [at, value] of mask.data.entries()) covered[at]! += value;
      expect(Math.max(...covered)).toBeLessThanOrEqual(1);
    }
  });

  test("layers lie in the body's order: skin, fat, gland, muscle", () => {
    const depth = (one: Phantom, name: string) => {
      const rows = [...one.structures.get(name)!.mask.data.entries()]
        .filter(([, value]) => value === 1)
        .map(([at]) => Math.floor(at / size));
      return rows.reduce((sum, row) => sum + row, 0) / rows.length;
    };
    for (const one of all) {
      const depths = ["skin", "fat", "gland", "muscle"].filter((name) => one.structures.has(name)).map((name) => depth(one, name));
      expect(depths).toEqual([...depths].sort((a, b) => a - b));
    }
  });

  test("the lesion is darker than the gland round it, on average over many", () => {
    const mean = (one: Phantom, name: string) => {
      const { data } = one.structures.get(name)!.mask;
      return data.reduce((sum, value, at) => sum + value * one.image.data[at]!, 0) / area(one, name);
    };
    const both = all.filter(({ structures }) => structures.has("lesion") && structures.has("gland"));
    const darker = both.filter((one) => mean(one, "lesion") < mean(one, "gland")).length;
    expect(darker / both.length).toBeGreaterThan(0.85);
  });

  test("both kinds and both sites occur", () => {
    const facts = all.flatMap(({ structures }) => structures.get("lesion")?.facts ?? []);
    expect(new Set(facts.map(({ kind }) => kind))).toEqual(new Set(["benign", "malignant"]));
    expect(new Set(facts.map(({ site }) => site))).toEqual(new Set(["upper", "deep"]));
  });
});

describe("chest-xray", () => {
  const all = drawn.get("chest-xray")!;

  test("the patient's left lung lies at the picture's right", () => {
    const both = all.filter(({ structures }) => structures.has("left_lung") && structures.has("right_lung"));
    expect(both.length).toBeGreaterThan(count / 2);
    for (const one of both) expect(column(one, "left_lung")).toBeGreaterThan(column(one, "right_lung"));
  });

  test("a lesion lies in the lung of its side, and lungs and heart are disjoint", () => {
    for (const one of all) {
      const [left, right, heart] = ["left_lung", "right_lung", "heart"].map((name) => one.structures.get(name)?.mask.data);
      const covers = Array.from({ length: size * size }, (_, at) => (left?.[at] ?? 0) + (right?.[at] ?? 0) + (heart?.[at] ?? 0));
      expect(Math.max(...covers)).toBe(1);
      const name = lesionOf(one);
      if (name === undefined) continue;
      const { facts, mask } = one.structures.get(name)!;
      const lung = facts.side === "left" ? left : right;
      expect(lung, name).toBeDefined();
      expect(mask.data.every((value, at) => value <= lung![at]!)).toBe(true);
    }
  });

  test("lesions lie on both sides and in all zones", () => {
    const facts = all.flatMap((one) => one.structures.get(lesionOf(one) ?? "")?.facts ?? []);
    expect(new Set(facts.map(({ side }) => side))).toEqual(new Set(["left", "right"]));
    expect(new Set(facts.map(({ site }) => site))).toEqual(new Set(["upper zone", "middle zone", "lower zone"]));
  });
});

test("random draws of one part do not change any other part", () => {
  const [a, b] = [new Draws("x", 1), new Draws("x", 1)];
  a.of("first").uniform();
  expect(a.of("second").uniform()).toBe(b.of("second").uniform());
  expect(fnv1a("1:x/second")).not.toBe(fnv1a("1:x/first"));
});
