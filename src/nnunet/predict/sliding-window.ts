import type { Planes } from "../../augment/index.ts";
import { ConfigError, ShapeError, throwIfCancelled } from "../../errors.ts";
import type { ClassMaps, Size } from "../../image/index.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { toHalf } from "./_half.ts";
import { type Axis, addUnmirrored, mirrorAlong, mirrorsOf, readWindow } from "./_mirror.ts";
import { addWindow, addWindowInHalf, emptySums, meansOf } from "./_window-sums.ts";
import { type WindowMapKind, windowMap } from "./window-map.ts";
import { windowStarts } from "./window-starts.ts";

/**
 * A network: patches [n, C, h, w] to logits [n, K, h, w]. The batch is overwritten once the promise is settled.
 */
export type PredictPatches = (batch: Float32Array, shape: readonly [n: number, c: number, h: number, w: number]) => Promise<Float32Array>;

/** What a sliding window needs to know of the network. */
export interface WindowSettings {
  /** Size of the network's input. */
  readonly patch: Size;
  /** Maps that the network gives, K. */
  readonly outputs: number;
  /** Whether they are classes, or regions that may overlap. */
  readonly areExclusive: boolean;
  /** Distance between windows as a fraction of the patch, in (0, 1]; default 0.5. */
  readonly step?: number;
  /** Axes along which mirrored copies are predicted too, 0 of rows, 1 of columns; default both, so that each window is predicted four times. */
  readonly mirrorAxes?: readonly Axis[];
  /** Predicts this mirror image alone, as a member of an ensemble; [] is the image as it is. */
  readonly onlyMirrored?: readonly Axis[] | undefined;
  /**
   * Patches that go to the network at once; default 1. Results do not depend on it. One by one they stay in the caches: on 2 cores four patches of
   * 256 x 256 together took 1.15 times the processor time.
   */
  readonly batchSize?: number;
  /** Weights of a window's pixels; default "gaussian". */
  readonly map?: WindowMapKind;
  /** Precision of the sums over windows: default "double"; "half" as nnU-Net, for comparisons: it is off by up to 0.02. */
  readonly sums?: "double" | "half";
  readonly signal?: AbortSignal | undefined;
}

/** The settings with which nnU-Net's own results can be compared: its weights, and its sums in half precision. */
export const referenceWindows = {
  "2.8.1": { map: "gaussian-2.8.1", sums: "half" },
  "2.1.1": { map: "gaussian-2.1.1", sums: "half" },
} as const satisfies Record<string, Pick<WindowSettings, "map" | "sums">>;

/** How many patches go through the network for an image of this size, after preprocessing: windows times mirrored copies. */
export function patchesOf(
  { width, height }: Size,
  { patch, step = defaultStep, mirrorAxes = [0, 1], onlyMirrored }: WindowSettings,
): number {
  const rows = windowStarts(Math.max(height, patch.height), patch.height, step).length;
  const columns = windowStarts(Math.max(width, patch.width), patch.width, step).length;
  return rows * columns * (onlyMirrored ? 1 : mirrorsOf(mirrorAxes).length);
}

/** Distance between windows as a fraction of the patch. */
const defaultStep = 0.5;

/** Patches that go to the network at once. */
export const defaultBatchSize = 1;

/**
 * Predicts an image of any size: windows of the patch's size that overlap, each with its mirrored copies, whose logits are averaged with the weights
 * of `windowMap`. Images smaller than the patch are padded with zeros, half of them before (rounded down).
 *
 * Memory: 8 bytes a pixel and map for the sums, and the batch.
 *
 * @param image - preprocessed [C, H, W]
 * @returns logits [K, H, W]
 * @throws ConfigError when the step is not in (0, 1]
 * @throws ShapeError when the network gives another number of values
 * @throws CancelledError between batches
 * @see Isensee et al. 2021, nnU-Net
 */
export async function slidingWindow(image: Planes, predict: PredictPatches, settings: WindowSettings): Promise<ClassMaps<"logits">> {
  const {
    patch,
    outputs,
    areExclusive,
    step = defaultStep,
    mirrorAxes = [0, 1],
    batchSize = defaultBatchSize,
    map: mapKind,
    sums: precision,
    signal,
  } = settings;
  if (!(step > 0 && step <= 1)) throw new ConfigError(`slidingWindow: the step must be above 0 and at most 1, got ${step}`);
  const { channels } = image;
  const { width, height } = patch;
  const padded = { width: Math.max(image.width, width), height: Math.max(image.height, height) };
  const before = { x: Math.floor((padded.width - image.width) / 2), y: Math.floor((padded.height - image.height) / 2) };
  const [rows, columns] = [windowStarts(padded.height, height, step), windowStarts(padded.width, width, step)];
  const corners = rows.flatMap((y) => columns.map((x) => ({ x, y })));
  const mirrors = settings.onlyMirrored ? [mirrorAlong(settings.onlyMirrored)] : mirrorsOf(mirrorAxes);
  const copies = corners.flatMap((corner) => mirrors.map((mirror, i) => ({ corner, mirror, isLast: i === mirrors.length - 1 })));
  const map = windowMap(patch, mapKind);
  const add = precision === "half" ? addWindowInHalf : addWindow;
  const sums = emptySums(padded, outputs);
  const sum = new Float32Array(outputs * width * height); // over the mirror images of a window
  const batch = new Float32Array(Math.min(batchSize, copies.length) * channels * width * height);
  for (let first = 0; first < copies.length; first += batchSize) {
    throwIfCancelled(signal);
    const together = copies.slice(first, first + batchSize);
    for (const [i, { corner, mirror }] of together.entries()) {
      const window = { corner: { x: corner.x - before.x, y: corner.y - before.y }, width, height, mirror };
      readWindow(image, window, batch, i * channels * width * height);
    }
    const shape = [together.length, channels, height, width] as const;
    const logits = await predict(batch.subarray(0, sizeOf(shape)), shape);
    if (logits.length !== together.length * sum.length) {
      throw new ShapeError(
        `slidingWindow: the network should give [${together.length}, ${outputs}, ${height}, ${width}], got ${logits.length} values`,
      );
    }
    for (const [i, { corner, mirror, isLast }] of together.entries()) {
      addUnmirrored(logits, i * sum.length, mirror, patch, sum);
      if (!isLast) continue;
      add(sums, { corner, width, height, sum, copies: mirrors.length, map });
      sum.fill(0);
    }
  }
  const data = meansOf(sums, before, image, precision === "half" ? toHalf : undefined);
  return { kind: "logits", areExclusive, count: outputs, width: image.width, height: image.height, data };
}
