import { existsSync } from "node:fs";

import { basename, join } from "node:path";
import { ConfigError } from "../../errors.ts";
import { type Box, type GrayImage, type Image, type LabelledPoint, type Mask, overlay, type SaliencyMap } from "../../image/index.ts";
import { writeGray, writeMask, writeRgb } from "../../results/png.ts";
import type { ImageInput } from "../../scans/list-images.ts";
import { readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { RefineResult } from "./steps.ts";

/** Sub-folders of a run's output. */
export type OutputFolder = "saliency" | "coarse" | "masks" | "overlay" | "raw";

/** Where the result of an image lies. */
export function outputFile(out: string, folder: OutputFolder, name: string): string {
  return join(out, folder, `${name}.${folder === "raw" ? "safetensors" : "png"}`);
}

/** Bytes that file systems take in the name of a file. */
const longestName = 255;

/**
 * Refuses images whose results no file system could hold, before any work.
 *
 * @param raw - whether arrays are written, too, whose files have the longest names
 * @throws ConfigError that names the first of them
 */
export function requireWritableNames(images: readonly ImageInput[], raw: boolean): void {
  for (const { file, name } of images) {
    const result = basename(outputFile("", raw ? "raw" : "masks", name));
    const bytes = new TextEncoder().encode(result).length;
    if (bytes <= longestName) continue;
    const end = result.slice(result.lastIndexOf("."));
    throw new ConfigError(
      `"${file}": the name of its result, with "${end}", would have ${bytes} bytes, and file systems take ${longestName}. Rename it${raw ? ", or leave out --raw" : ""}.`,
    );
  }
}

export async function writeSaliency(out: string, name: string, gray: GrayImage): Promise<void> {
  await writeGray(outputFile(out, "saliency", name), gray);
}

export async function writeCoarse(out: string, name: string, coarse: Mask): Promise<void> {
  await writeMask(outputFile(out, "coarse", name), coarse);
}

/** The mask, and the picture that shows how it came about. @param label - words to be drawn into the picture */
export async function writeRefined(
  out: string,
  name: string,
  layers: { readonly image: Image; readonly saliency?: GrayImage; readonly coarse: Mask; readonly refined: RefineResult },
  label?: string,
): Promise<void> {
  const { image, saliency, coarse, refined } = layers;
  await writeMask(outputFile(out, "masks", name), refined.mask);
  const picture = overlay(image, {
    ...(saliency && { saliency }),
    coarse,
    mask: refined.mask,
    boxes: refined.boxes,
    points: refined.points,
    label,
  });
  await writeRgb(outputFile(out, "overlay", name), picture);
}

/** Adds arrays to an image's raw file, which the steps fill one after another. */
export async function writeRaw(out: string, name: string, arrays: Record<string, Tensor>): Promise<void> {
  const file = outputFile(out, "raw", name);
  const before = existsSync(file) ? Object.fromEntries((await readSafetensors(file)).tensors) : {};
  await writeSafetensors(file, { ...before, ...arrays });
}

/** The arrays behind a saliency picture. @param capacity - the method's value for each patch before normalisation, [g · g]; of M2IB in nats */
export function rawSaliency(saliency: SaliencyMap, capacity: Float32Array): Record<string, Tensor> {
  const grid = Math.sqrt(capacity.length);
  return {
    capacity: tensor("float32", [grid, grid], new Float32Array(capacity)),
    saliency: tensor("float32", [saliency.height, saliency.width], new Float32Array(saliency.data)),
  };
}

/** The arrays behind a mask: N predictions of SAM. */
export function rawRefined({ logits, scores, boxes }: RefineResult, side: number): Record<string, Tensor> {
  const planes = new Float32Array(logits.length * side * side);
  for (const [i, plane] of logits.entries()) planes.set(plane, i * side * side);
  return {
    logits: tensor("float32", [logits.length, side, side], planes),
    scores: tensor("float32", [scores.length], new Float32Array(scores)),
    boxes: tensor("float32", [boxes.length, 4], Float32Array.from(boxes.flatMap(boxNumbers))),
  };
}

/** A box as it stands in files: x0, y0, x1, y1. */
export function boxNumbers({ x0, y0, x1, y1 }: Box): [number, number, number, number] {
  return [x0, y0, x1, y1];
}

/** A point as it stands in files: x, y, label. */
export function pointNumbers({ x, y, label }: LabelledPoint): [number, number, number] {
  return [x, y, label];
}
