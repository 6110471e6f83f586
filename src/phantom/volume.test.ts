import { describe, expect, test } from "vitest";
import { sha256 } from "../../test/support/pictures.ts";
import { areaPx, iouOf, type MaskStack, overlap, sliceOf } from "../image/index.ts";
import { lesions, type PhantomVolume, phantomVolume, type StructureName, structuresOf, volumeModalities } from "./index.ts";

const size = { size: 64, slices: 24 };
const drawn = new Map(volumeModalities.map((modality) => [modality, [0, 1, 2, 3, 4].map((i) => phantomVolume(modality, 3, i, size))]));

/** Numbers of the slices that show a structure. */
const slicesOf = (mask: MaskStack): number[] =>
  Array.from({ length: mask.slices }, (_, k) => k).filter((k) => areaPx(sliceOf(mask, k)) > 0);

/** Mean of a coordinate of a mask's voxels: 0 slice, 1 row, 2 column. */
function middle({ rows, columns, data }: MaskStack, axis: 0 | 1 | 2): number {
  let [sum, count] = [0, 0];
  for (const [i, value] of data.entries()) {
    if (value === 0) continue;
    sum += [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns][axis]!;
    count++;
  }
  return sum / count;
}

function meanIn({ data }: PhantomVolume, mask: MaskStack): number {
  let [sum, count] = [0, 0];
  for (const [i, value] of mask.data.entries()) if (value === 1) [sum, count] = [sum + data[i]!, count + 1];
  return sum / count;
}

describe.each(volumeModalities)("%s", (modality) => {
  const all = drawn.get(modality)!;

  test("the same arguments give the same bytes, another index another patient", () => {
    const bytesOf = ({ data, structures }: PhantomVolume) =>
      [data, ...[...structures.values()].map(({ mask }) => mask.data)].map((part) => sha256(new Uint8Array(part.buffer)));
    expect(bytesOf(phantomVolume(modality, 3, 1, size))).toEqual(bytesOf(all[1]!));
    expect(bytesOf(all[0]!)[0]).not.toBe(bytesOf(all[1]!)[0]);
  });

  test("masks lie on the volume's grid, hold 0 and 1, and none is empty; structures are those of the modality", () => {
    for (const one of all) {
      expect(one.data.length).toBe(24 * 64 * 64);
      for (const [name, { mask }] of one.structures) {
        expect(structuresOf[modality]).toContain(name as StructureName);
        expect([mask.slices, mask.rows, mask.columns, mask.data.length]).toEqual([24, 64, 64, one.data.length]);
        expect(mask.data.every((value) => value <= 1)).toBe(true);
        expect(mask.data.includes(1)).toBe(true);
      }
    }
  });

  test("a structure goes on from slice to slice, without a gap, and neighbours overlap", () => {
    for (const one of all) {
      for (const [name, { mask }] of one.structures) {
        const shown = slicesOf(mask);
        // Thin structures may miss a slice of so coarse a picture; organs may not.
        if (["ventricles", "aorta"].includes(name)) continue;
        expect(shown.at(-1)! - shown[0]! + 1, name).toBe(shown.length);
        const ious = shown.slice(1).map((k) => iouOf(overlap(sliceOf(mask, k), sliceOf(mask, k - 1))));
        if (shown.length > 6) expect(ious.toSorted((a, b) => a - b)[Math.floor(ious.length / 2)], name).toBeGreaterThan(0.5);
      }
    }
  });

  test("some have a lesion, which spans the slices of a ball", () => {
    const found = all.flatMap((one) =>
      lesions.flatMap((name) => (one.structures.has(name) ? [{ one, ...one.structures.get(name)! }] : [])),
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found.some(({ mask }) => slicesOf(mask).length > 2)).toBe(true);
  });
});

describe("chest-ct", () => {
  const all = drawn.get("chest-ct")!;

  test("its values are Hounsfield units: air in the lungs, bone in the spine", () => {
    for (const one of all) {
      expect(one.data.every((value) => value >= -1024 && value <= 3071)).toBe(true);
      for (const side of ["left_lung", "right_lung"]) expect(meanIn(one, one.structures.get(side)!.mask)).toBeLessThan(-600);
      expect(meanIn(one, one.structures.get("spine")!.mask)).toBeGreaterThan(100);
    }
  });

  test("columns go to the patient's left, rows to the back, slices to the head", () => {
    for (const { structures } of all) {
      const at = (name: string, axis: 0 | 1 | 2) => middle(structures.get(name)!.mask, axis);
      expect(at("left_lung", 2)).toBeGreaterThan(at("right_lung", 2));
      expect(at("spine", 1)).toBeGreaterThan(at("heart", 1));
      expect(at("left_lung", 0)).toBeGreaterThan(at("heart", 0));
    }
  });

  test("lungs and heart are disjoint, and a nodule lies in the lung of its side", () => {
    for (const { structures } of all) {
      const [left, right, heart] = ["left_lung", "right_lung", "heart"].map((name) => structures.get(name)!.mask.data);
      expect(left!.every((value, i) => value + right![i]! + heart![i]! < 2)).toBe(true);
      const nodule = structures.get("nodule");
      if (!nodule) continue;
      const lung = nodule.facts.side === "left" ? left! : right!;
      const inside = nodule.mask.data.reduce((sum, value, i) => sum + value * lung[i]!, 0);
      expect(inside / areaOf(nodule.mask)).toBeGreaterThan(0.6);
    }
  });

  test("it is as large as a chest", () => {
    for (const { spacing, structures } of all) {
      const litre = (areaOf(structures.get("left_lung")!.mask) * spacing[0] * spacing[1] * spacing[2]) / 1e6;
      expect(litre).toBeGreaterThan(1);
      expect(litre).toBeLessThan(4.5);
    }
  });
});

test("a brain is as large as a brain, and its ventricles and tumour lie in it", () => {
  for (const { spacing, structures } of drawn.get("brain-mri")!) {
    const brain = structures.get("brain")!.mask;
    const litre = (areaOf(brain) * spacing[0] * spacing[1] * spacing[2]) / 1e6;
    expect(litre).toBeGreaterThan(0.8);
    expect(litre).toBeLessThan(2.2);
    for (const name of ["ventricles", "tumor"]) {
      const inner = structures.get(name)?.mask.data;
      expect(inner?.every((value, i) => value <= brain.data[i]!) ?? true, name).toBe(true);
    }
  }
});

const areaOf = ({ data }: MaskStack): number => data.reduce((sum, value) => sum + value, 0);
