import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ClassMaps } from "../image/index.ts";
import { writeNpz } from "../results/npz.ts";
import { readContent } from "../scans/read-content.ts";
import { readGray } from "../scans/read-gray.ts";
import type { Placement } from "../scans/sources/image-source.ts";
import { readNifti } from "../scans/sources/nifti/read-nifti.ts";
import { tensor } from "../tensor/tensor.ts";
import { labelsOf, restore } from "./predict/index.ts";
import { readProbabilities, writePrediction } from "./prediction-files.ts";

const logits: ClassMaps<"logits"> = {
  kind: "logits",
  ...{ areExclusive: true, count: 2, width: 2, height: 1, data: Float32Array.of(0, 0, 1, -1) },
};
const box = { x0: 1, y0: 0, x1: 3, y1: 1 };
const placement = {
  affine: [
    [-2, 0, 0, 10],
    [0, -3, 0, 20],
    [0, 0, 1, 30],
  ],
  ...{ spacing: [2, 3, 1], qformCode: 1, sformCode: 1, isUnitKnown: true },
} as const satisfies Placement;
const sizeBeforeCrop = { width: 4, height: 1 };

test("a prediction is written as label values and, if wanted, probabilities, and read back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "prediction-"));
  const properties = { box, sizeBeforeCrop, spacing: [1, 1] as const };
  const probabilities = restore(logits, properties);
  const labels = labelsOf(probabilities, { regions: undefined });
  await writePrediction(folder, "a", { labels, properties });
  await writePrediction(folder, "b", { labels, probabilities, properties });
  expect((await readdir(folder)).sort()).toEqual(["a.png", "b.json", "b.npz", "b.png"]);
  expect(Array.from((await readGray(join(folder, "a.png"))).data)).toEqual([0, 1, 0, 0]);
  expect(await readProbabilities(join(folder, "b.npz"), true)).toEqual(probabilities);
  expect(JSON.parse(await readFile(join(folder, "b.json"), "utf8"))).toEqual({
    ...{ kind: "probabilities", areExclusive: true, shape: [2, 1, 1, 4], spacing: [1, 1], sizeBeforeCrop, box },
  });
  await writePrediction(folder, "c", { labels, properties, geometry: { spacing: [3, 2], placement, axes: 3 } }, ".nii.gz");
  const nifti = await readNifti(await readContent(join(folder, "c.nii.gz")));
  expect(nifti.position.placement?.affine).toEqual(placement.affine);
  expect([nifti.shape, nifti.axes, nifti.datatype.name]).toEqual([[4, 1, 1], 3, "uint8"]);
  expect(Array.from(nifti.volume(0).data)).toEqual([0, 1, 0, 0]);
  await writePrediction(folder, "d", { labels, properties }, ".nii");
  expect((await readNifti(await readContent(join(folder, "d.nii")))).axes).toBe(2);
  const high = { ...labels, data: Int16Array.of(0, 300, 0, 0) };
  await expect(writePrediction(folder, "c", { labels: high, properties })).rejects.toThrow(/label 300 does not fit a PNG file of 8 bits/);
  await rm(folder, { recursive: true });
});

test("a file without probabilities of a 2D image is an error that says what it holds", async () => {
  const folder = await mkdtemp(join(tmpdir(), "prediction-"));
  const file = join(folder, "volume.npz");
  await writeNpz(file, { probabilities: tensor("float32", [2, 3, 1, 1], new Float32Array(6)) });
  await expect(readProbabilities(file, true)).rejects.toThrow(/as float32 \[K, 1, H, W\], got float32 \[2,3,1,1\]/);
  await writeNpz(file, { softmax: tensor("float32", [2, 1, 1, 1], new Float32Array(2)) });
  await expect(readProbabilities(file, true)).rejects.toThrow(/got no such array/);
  await rm(folder, { recursive: true });
});
