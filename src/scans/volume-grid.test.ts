import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lps } from "../../test/support/placements.ts";
import { drawnStack } from "../../test/support/stacks.ts";
import { InputError } from "../errors.ts";
import type { MaskStack } from "../image/index.ts";
import type { NiftiResult } from "../results/encode-nifti.ts";
import { writeNifti } from "../results/nifti.ts";
import { type AxisCodes, axisCodes, reorder } from "./axes.ts";
import { MaskError } from "./mask-rule.ts";
import { readMaskVolume } from "./read-mask-volume.ts";
import type { Placement } from "./sources/image-source.ts";
import { ontoGrid } from "./volume-grid.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "volumes-"));
});
afterAll(() => rm(folder, { recursive: true }));

const stack = drawnStack(["##..", "#...", "...."], ["###.", "##..", "...#"]);

async function written(
  name: string,
  { slices, rows, columns, data }: MaskStack,
  placement: Placement | undefined,
  more: Partial<NiftiResult> = {},
) {
  const file = join(folder, name);
  await writeNifti(file, { shape: [columns, rows, slices], data, placement, ...more });
  return file;
}

/** The same voxels with axes in another order: the file that another program would write of the same volume. */
function turned(to: AxisCodes): { stack: MaskStack; placement: Placement } {
  const shape = [stack.columns, stack.rows, stack.slices] as const;
  const { shape: moved, data } = reorder({ shape, data: stack.data }, axisCodes(lps), to);
  const from = axisCodes(lps);
  const pairs = ["RL", "AP", "SI"];
  const axisOf = (code: string) => pairs.findIndex((pair) => pair.includes(code));
  // Each axis of the result by its own axis in the file; turned ones start at the far end.
  const sources = to.map((code) => from.findIndex((own) => axisOf(own) === axisOf(code)));
  const affine = lps.affine.map((row) => {
    let offset = row[3];
    const factors = to.map((code, axis) => {
      const factor = row[sources[axis]!]!;
      if (from[sources[axis]!] === code) return factor;
      offset += factor * (shape[sources[axis]!]! - 1);
      return -factor;
    });
    return [...factors, offset];
  }) as unknown as Placement["affine"];
  const spacing = sources.map((source) => lps.spacing[source]!) as unknown as Placement["spacing"];
  return { stack: { slices: moved[2], rows: moved[1], columns: moved[0], data }, placement: { ...lps, affine, spacing } };
}

describe("readMaskVolume", () => {
  test("reads all slices, by the rule of masks", async () => {
    const file = await written("a.nii.gz", { ...stack, data: stack.data.map((value) => 255 * value) }, lps);
    const { stack: read, grid, warnings } = await readMaskVolume(file);
    expect(read).toEqual(stack);
    expect(grid).toMatchObject({ shape: [4, 3, 2], placement: { spacing: [0.5, 0.75, 2] }, hasOrientation: true });
    expect(warnings).toEqual([]);
  });

  test("of labels the one that is chosen; without a choice they are refused", async () => {
    const labels = { ...stack, data: stack.data.map((value, i) => (value === 0 ? 0 : 1 + (i % 3))) };
    const file = await written("labels.nii", labels, lps, { isLabels: true });
    await expect(readMaskVolume(file)).rejects.toThrow(MaskError);
    const { stack: second } = await readMaskVolume(file, { label: 2 });
    expect(second.data).toEqual(labels.data.map((value) => (value === 2 ? 1 : 0)));
  });

  test("a damaged file is an input error", async () => {
    const file = join(folder, "damaged.nii");
    await writeFile(file, "no NIfTI");
    await expect(readMaskVolume(file)).rejects.toThrow(InputError);
  });
});

describe("ontoGrid", () => {
  const orders: AxisCodes[] = [
    ["L", "P", "S"],
    ["R", "A", "S"],
    ["L", "P", "I"],
    ["S", "R", "A"],
    ["P", "I", "L"],
  ];
  test.each(orders)("%s%s%s is the same grid in another order, and gives the same mask", async (...to) => {
    const other = turned(to);
    const target = await readMaskVolume(await written("target.nii", stack, lps));
    const moved = ontoGrid(await readMaskVolume(await written("other.nii", other.stack, other.placement)), target.grid, "other.nii");
    expect(moved.stack).toEqual(stack);
  });

  test("a grid that lies elsewhere, has another spacing or another shape is refused, and the message says how they differ", async () => {
    const { grid } = await readMaskVolume(await written("target.nii", stack, lps));
    const placed = async (placement: Placement, own = stack) =>
      ontoGrid(await readMaskVolume(await written("other.nii", own, placement)), grid, "other.nii");
    const [right, anterior, superior] = lps.affine;
    const shifted: Placement = { ...lps, affine: [right, anterior, [superior[0], superior[1], superior[2], superior[3] + 1]] };
    await expect(placed(shifted)).rejects.toThrow(
      '"other.nii" lies on another grid than the ground truth: 4 x 3 x 2 voxels of 0.5 x 0.75 x 2 mm, axes to LPS, the ground truth 4 x 3 x 2 voxels of 0.5 x 0.75 x 2 mm, axes to LPS; their corners lie up to 1 mm apart. Nothing is resampled',
    );
    const thin: Placement = { ...lps, affine: [right, anterior, [0, 0, 1, -30]], spacing: [0.5, 0.75, 1] };
    await expect(placed(thin)).rejects.toThrow("0.5 x 0.75 x 1 mm");
    await expect(placed(lps, drawnStack(["##..", "#...", "...."]))).rejects.toThrow("4 x 3 x 1 voxels");
    // Mirrored: the header says that the voxels lie on the other side of the patient.
    const mirrored: Placement = { ...lps, affine: [[0.5, 0, 0, 10], anterior, superior] };
    await expect(placed(mirrored)).rejects.toThrow("axes to RPS");
    // Rounding of headers is no difference.
    const rounded: Placement = { ...lps, affine: [[-0.500001, 0, 0, 10.0001], anterior, superior] };
    expect((await placed(rounded)).stack).toEqual(stack);
  });

  test("without orientation, voxels of one shape and spacing are compared in order, with a warning", async () => {
    const target = await readMaskVolume(await written("target.nii", stack, lps));
    const unknown = await readMaskVolume(await written("unknown.nii", stack, { ...lps, qformCode: 0, sformCode: 0 }));
    const { stack: same, warnings } = ontoGrid(unknown, target.grid, "unknown.nii");
    expect(same).toEqual(stack);
    expect(warnings).toContain("how a file lies in the patient is not given: voxels were compared in the order of the files");
    const none = await readMaskVolume(await written("none.nii", stack, undefined));
    expect(() => ontoGrid(none, target.grid, "none.nii")).toThrow("one file does not say how it lies");
  });
});
