import { beforeAll, describe, expect, test } from "vitest";
import { areaOf, difference } from "./_masks.ts";
import { brainMri } from "./brain-mri.ts";
import type { Phantom, Structure } from "./phantom.ts";

const nameOf = (index: number): string => `phantom/brain-mri/${index}`;

test("the same name, seed and size give the same picture and masks; another name gives others", () => {
  const [a, b, other] = [brainMri(nameOf(3), 1, 64), brainMri(nameOf(3), 1, 64), brainMri(nameOf(4), 1, 64)];
  expect(b).toEqual(a);
  expect(other.image.data).not.toEqual(a.image.data);
  expect(brainMri(nameOf(3), 2, 64).image.data).not.toEqual(a.image.data);
});

test("what is drawn does not depend on the number of pixels", () => {
  const [small, large] = [brainMri(nameOf(0), 1, 96), brainMri(nameOf(0), 1, 192)];
  expect([...large.structures.keys()]).toEqual([...small.structures.keys()]);
  expect(large.structures.get("tumor")?.facts).toEqual(small.structures.get("tumor")?.facts);
});

describe("two hundred and forty heads", () => {
  let heads: readonly Phantom[];
  let tumours: readonly Structure[];
  beforeAll(() => {
    heads = Array.from({ length: 240 }, (_, index) => brainMri(nameOf(index), 5, 80));
    tumours = heads.flatMap((head) => head.structures.get("tumor") ?? []);
  });

  test("have masks of the picture's size, none empty, under the names of the modality", () => {
    for (const { image, structures, modality } of heads) {
      expect(modality).toBe("brain-mri");
      expect(image.data).toHaveLength(80 * 80);
      for (const [name, { mask }] of structures) {
        expect(["brain", "ventricles", "skull", "tumor"]).toContain(name);
        expect(mask.data).toHaveLength(80 * 80);
        expect(areaOf(mask)).toBeGreaterThan(0);
      }
    }
  });

  test("have their ventricles and tumours inside the brain, and apart", () => {
    for (const { structures } of heads) {
      const brain = structures.get("brain")!.mask;
      const [ventricles, tumour, skull] = ["ventricles", "tumor", "skull"].map((name) => structures.get(name)?.mask);
      for (const mask of [ventricles, tumour]) if (mask) expect(areaOf(difference(mask, brain))).toBe(0);
      if (ventricles && tumour) expect(areaOf(difference(ventricles, tumour))).toBe(areaOf(ventricles));
      if (skull) expect(areaOf(difference(skull, brain))).toBe(areaOf(skull));
    }
  });

  test("are normal in about a quarter, and often show no ventricles", () => {
    const share = (name: string): number => heads.filter(({ structures }) => structures.has(name)).length / heads.length;
    expect(share("tumor")).toBeGreaterThan(0.65);
    expect(share("tumor")).toBeLessThan(0.82);
    expect(share("ventricles")).toBeGreaterThan(0.25);
    expect(share("ventricles")).toBeLessThan(0.75);
    expect(share("skull")).toBeLessThan(1);
  });

  test("have tumours of every kind, size and site, on either side", () => {
    const seen = (fact: "kind" | "size" | "site" | "side"): Set<string | undefined> => new Set(tumours.map(({ facts }) => facts[fact]));
    expect(seen("kind")).toEqual(new Set(["meningioma", "glioma", "pituitary"]));
    expect(seen("size")).toEqual(new Set(["small", "medium", "large"]));
    expect(seen("site")).toEqual(new Set(["frontal", "parietal", "occipital", "temporal", "sellar"]));
    expect(seen("side")).toEqual(new Set(["left", "right", "midline", undefined]));
  });

  test("have the patient's left at the picture's right", () => {
    for (const { structures } of heads) {
      const [tumour, brain] = [structures.get("tumor"), structures.get("brain")!];
      // A head that the picture cuts off has its midline elsewhere; the largest of the others lean a little.
      if (!tumour || touchesEdge(brain) || !["left", "right"].includes(tumour.facts.side ?? "")) continue;
      const offset = centreX(tumour) - centreX(brain);
      expect(Math.sign(Math.round(offset / 3)) * (tumour.facts.side === "left" ? 1 : -1)).toBeGreaterThanOrEqual(0);
    }
  });
});

test("a tumour that takes up contrast agent is brighter than the brain round it", () => {
  const differences = Array.from({ length: 40 }, (_, index) => brainMri(nameOf(index), 9, 80)).flatMap(({ image, structures }) => {
    const tumour = structures.get("tumor");
    if (tumour?.facts.kind !== "meningioma") return [];
    const mean = (mask: Uint8Array): number =>
      image.data.reduce((sum, level, i) => sum + level * mask[i]!, 0) / mask.reduce((sum, value) => sum + value, 0);
    return mean(tumour.mask.data) - mean(structures.get("brain")!.mask.data);
  });
  expect(differences.length).toBeGreaterThan(4);
  expect(Math.min(...differences)).toBeGreaterThan(10);
});

function centreX({ mask }: Structure): number {
  return mask.data.reduce((sum, value, i) => sum + value * (i % mask.width), 0) / areaOf(mask);
}

function touchesEdge({ mask }: Structure): boolean {
  return mask.data.some((value, i) => value === 1 && (i % mask.width === 0 || i % mask.width === mask.width - 1));
}
