import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { pngOf } from "../../../test/support/mask-files.ts";
import { describeWith, sharedPath } from "../../../test/support/shared-data.ts";
import { countReasons, listMaskTargets, type MaskTarget } from "../../data/index.ts";
import { PromptData } from "./prompt-data.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-prompt-data-"));
afterAll(() => rmSync(folder, { recursive: true }));

const sizes = { variant: "sam", side: 64, cells: 16 } as const;
const [width, height] = [16, 8];

/** A target with an image of 16 x 8 pixels and a mask of the given levels: that of its left quarter, that of the next, and that of the rest. */
function target(key: string, levels: readonly [number, number, number], parts: { width?: number; depth?: 8 | 16 } = {}): MaskTarget {
  const [image, mask] = [join(folder, `${key}-image.png`), join(folder, `${key}.png`)];
  const wide = parts.width ?? width;
  const gray = (samples: number[], of: number, depth: 8 | 16 = 8) => pngOf({ type: 0, depth, width: of, samples });
  writeFileSync(image, gray(new Array<number>(width * height).fill(90), width));
  const samples = Array.from({ length: wide * height }, (_, i) => levels[Math.min(Math.floor((i % wide) / 4), 2)]!);
  writeFileSync(mask, gray(samples, wide, parts.depth));
  return { key, image, mask, group: "mask", case: key };
}

describe("masks of a training", () => {
  test("of two values are targets, whatever these are; others are counted by what is wrong with them", async () => {
    const targets = [
      target("zero-one", [1, 0, 0]),
      target("full-range", [255, 0, 0]),
      target("deep", [300, 0, 0], { depth: 16 }),
      target("empty", [0, 0, 0]),
      target("labels", [1, 2, 0]),
      target("narrow", [255, 0, 0], { width: 12 }),
      { ...target("lost", [255, 0, 0]), mask: join(folder, "nowhere.png") },
      { ...target("rough", [255, 0, 0]), coarse: target("rough-coarse", [7, 8, 9]).mask },
    ];
    const data = await PromptData.read(targets, sizes);
    expect(data.targets.map(({ key }) => key)).toEqual(["zero-one", "full-range", "deep"]);
    const cells = data.targets.map(({ truth }) => truth.cells);
    expect(cells[0]!.includes(1)).toBe(true);
    expect(cells[1]).toEqual(cells[0]);
    expect(cells[2]).toEqual(cells[0]);
    expect(data.empty).toBe(1);
    expect(countReasons(data.failed)).toEqual({
      "label image": 1,
      "another size than the image": 1,
      "cannot be read": 1,
      "coarse mask: label image": 1,
    });
    expect(data.failed[1]!.detail).toMatch(/narrow.png" has 12 x 8 pixels, ".*narrow-image.png" has 16 x 8/);
  });

  test("of labels are targets where one is chosen, and what was guessed is told once", async () => {
    const targets = [target("one", [2, 1, 0]), target("two", [2, 3, 0]), target("without", [1, 3, 0]), target("full", [2, 2, 2])];
    const data = await PromptData.read(targets, { ...sizes, label: 2 });
    expect(data.targets.map(({ key }) => key)).toEqual(["one", "two", "full"]);
    expect(data.targets[1]!.truth.cells).toEqual(data.targets[0]!.truth.cells);
    expect(data.empty).toBe(1);
    expect(data.warnings).toEqual([`mask "${targets[2]!.mask}": no label 2: taken as empty`]);
    const guessed = await PromptData.read([target("x", [9, 9, 9]), target("y", [9, 9, 9])], sizes);
    expect(guessed.warnings).toEqual([`2 masks, such as "${join(folder, "x.png")}": one value, 9: taken as foreground everywhere`]);
  });
});

describeWith(["faults/train-sam-drops-label-masks"], "a set of masks of which most hold 1 instead of 255", () => {
  test("is trained on whole", async () => {
    const { targets } = await listMaskTargets(sharedPath("faults/train-sam-drops-label-masks/data"));
    const data = await PromptData.read(targets, sizes);
    expect(data.failed).toEqual([]);
    expect(data.targets.length + data.empty).toBe(targets.length);
    expect(data.targets.length).toBeGreaterThan(6);
  });
});
