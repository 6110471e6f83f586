import type { RegionTargets } from "../../data/index.ts";
import { add, mul, sub, type Value } from "../../graph/index.ts";
import { normal, uniform } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/**
 * Noised views, in which only a part of the image is kept: after a block of the image tower all other tokens are replaced by noise. An
 * information bottleneck evaluates the model on such inputs; a model trained on them classifies by the visible part.
 */
export interface NoisedViews {
  /** The block after which noise is added. */
  readonly block: number;
  /** [B, T, 1], fraction kept of each token, the class token first. */
  readonly keep: Tensor<"float32">;
  /** [B, T, D] */
  readonly noise: Tensor<"float32">;
  /** [B, P], 1 if the structure of the phrase is visible. */
  readonly labels: Tensor<"float32">;
  /** [B, P], weights with sum 1; 0 for unlabelled pairs and for structures that are half visible. */
  readonly weights: Tensor<"float32">;
}

/** A structure counts as visible from the first visible fraction on, and as absent up to the second. */
const visible = { left: 0.4, gone: 0.05 } as const;

/** Sizes of an image tower, and the identity of the step. */
export interface NoisedViewOptions {
  readonly grid: number;
  readonly width: number;
  readonly depth: number;
  readonly seed: number;
  /** Unique name of the step. */
  readonly step: string;
}

/** Tokens of a noised view: keep · x + (1 - keep) · noise, [B, T, D]. */
export function noised(x: Value, keep: Value, noise: Value): Value {
  return add(mul(keep, x), mul(sub(1, keep), noise));
}

/**
 * Draws which part of each image is kept: a rectangle, or one of its structures. The rest is replaced by noise, fully or mixed with the
 * image as in a bottleneck. The class token, which depends on the whole image, is kept to the same fraction as the kept patches, or not at all.
 *
 * @param targets - labels [B, P] and coverage [B, P, N] of the whole images, on the grid of the patches or a multiple of it
 */
export function noisedViews(targets: RegionTargets, { grid, width, depth, seed, step }: NoisedViewOptions): NoisedViews {
  const [count, phrases] = targets.labels.shape as [number, number];
  const patches = grid * grid;
  const coverage = ofPatches(targets.coverage.data, grid, count * phrases);
  const keep = new Float32Array(count * (patches + 1));
  const labels = new Float32Array(count * phrases);
  const weights = new Float32Array(count * phrases);
  for (let i = 0; i < count; i++) {
    const stream = uniform(`train/noised/${step}/${i}`, seed);
    let drawn = 0;
    const draw = () => stream.at(drawn++);
    const cells = (phrase: number) => coverage.subarray((i * phrases + phrase) * patches, (i * phrases + phrase + 1) * patches);
    const shown = Array.from({ length: phrases }, (_, phrase) => phrase).filter(
      (phrase) => targets.labels.data[i * phrases + phrase] === 1,
    );
    const isStructure = draw() < 0.5 && shown.length > 0;
    const inside = isStructure ? nearStructure(cells(shown[Math.floor(draw() * shown.length)]!), grid, draw) : insideRectangle(grid, draw);
    const isHard = draw() < 0.5;
    const [high, low] = isHard ? [1, 0] : [0.6 + 0.4 * draw(), 0.4 * draw()];
    keep[i * (patches + 1)] = draw() < 0.5 ? high : 0;
    for (let patch = 0; patch < patches; patch++) keep[i * (patches + 1) + 1 + patch] = inside[patch] ? high : low;
    for (let phrase = 0; phrase < phrases; phrase++) {
      const at = i * phrases + phrase;
      const share = targets.labels.data[at] === 1 ? visibleShare(cells(phrase), inside) : 0;
      labels[at] = share >= visible.left ? 1 : 0;
      weights[at] = share > visible.gone && share < visible.left ? 0 : targets.labelWeights.data[at]!;
    }
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const block = Math.floor(uniform(`train/noised/${step}/block`, seed).at(0) * (depth - 1));
  return {
    block,
    keep: tensor("float32", [count, patches + 1, 1], keep),
    noise: tensor("float32", [count, patches + 1, width], normal(`train/noised/${step}`, seed, count * (patches + 1) * width)),
    labels: tensor("float32", [count, phrases], labels),
    weights: tensor("float32", [count, phrases], sum > 0 ? weights.map((weight) => weight / sum) : weights),
  };
}

/** Coverage on the grid of the patches, from that of a grid that may be finer: the mean of the cells in a patch. */
function ofPatches(coverage: Float32Array, grid: number, maps: number): Float32Array {
  const side = Math.sqrt(coverage.length / Math.max(maps, 1));
  if (side === grid || maps === 0) return coverage;
  const cells = side / grid; // along a side of a patch
  const pooled = new Float32Array(maps * grid * grid);
  for (let map = 0; map < maps; map++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        pooled[(map * grid + Math.floor(y / cells)) * grid + Math.floor(x / cells)]! += coverage[(map * side + y) * side + x]! / cells ** 2;
  return pooled;
}

/** A random rectangle whose sides are a quarter to nine tenths of the image's. */
function insideRectangle(grid: number, draw: () => number): Uint8Array {
  const [wide, tall] = [0, 0].map(() => Math.max(2, Math.round((0.25 + 0.65 * draw()) * grid))) as [number, number];
  const [left, top] = [Math.floor(draw() * (grid - wide + 1)), Math.floor(draw() * (grid - tall + 1))];
  return Uint8Array.from({ length: grid * grid }, (_, cell) => {
    const [x, y] = [cell % grid, Math.floor(cell / grid)];
    return x >= left && x < left + wide && y >= top && y < top + tall ? 1 : 0;
  });
}

/** The patches that a structure covers, grown by up to two patches. */
function nearStructure(cells: Float32Array, grid: number, draw: () => number): Uint8Array {
  const reach = Math.floor(3 * draw());
  return Uint8Array.from({ length: grid * grid }, (_, cell) => {
    const [x, y] = [cell % grid, Math.floor(cell / grid)];
    for (let row = Math.max(y - reach, 0); row <= Math.min(y + reach, grid - 1); row++)
      for (let column = Math.max(x - reach, 0); column <= Math.min(x + reach, grid - 1); column++)
        if (cells[row * grid + column]! >= 0.2) return 1;
    return 0;
  });
}

/** Fraction of a structure that lies inside. */
function visibleShare(cells: Float32Array, inside: Uint8Array): number {
  let [all, seen] = [0, 0];
  for (const [patch, covered] of cells.entries()) {
    all += covered;
    if (inside[patch]) seen += covered;
  }
  return all > 0 ? seen / all : 0;
}
