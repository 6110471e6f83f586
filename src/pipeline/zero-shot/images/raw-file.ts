import { existsSync } from "node:fs";
import type { Box, LabelledPoint, SaliencyMap } from "../../../image/index.ts";
import { readSafetensors, writeSafetensors } from "../../../tensor/safetensors.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import type { RefineResult } from "../steps/refine-step.ts";

/** Adds arrays to the raw file of an image; each step adds its own. */
export async function writeRaw(file: string, arrays: Record<string, Tensor>): Promise<void> {
  const before = existsSync(file) ? Object.fromEntries((await readSafetensors(file)).tensors) : {};
  await writeSafetensors(file, { ...before, ...arrays });
}

/** The arrays behind a saliency image. @param capacity - the method's value per patch before normalisation, [g · g]; for M2IB in nats */
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

/** A box as stored in files: x0, y0, x1, y1. */
export function boxNumbers({ x0, y0, x1, y1 }: Box): [number, number, number, number] {
  return [x0, y0, x1, y1];
}

/** A point as stored in files: x, y, label. */
export function pointNumbers({ x, y, label }: LabelledPoint): [number, number, number] {
  return [x, y, label];
}
