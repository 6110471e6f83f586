import { z } from "zod";
import type { Box, LabelledPoint, Size } from "../../image/index.ts";
import { type Condition, grouped } from "../../run/settings/meta.ts";
import type { SquareSizes, TargetGrid } from "../../segment/index.ts";
import { normal, type RandomStream, uniform } from "../../tensor/random.ts";
import { distorted } from "./distorted-mask.ts";
import type { TrainingPrompt } from "./graph.ts";
import { boxIou, heldBox, type PromptSource } from "./target-grid.ts";

/** A box of the ground truth is drawn for prompts with a box, and to compute validation scores. */
const withBoxes: readonly Condition[] = [{ boxShare: "given" }, { bothShare: "given" }, { validation: "given" }];

/** Sampling of visual prompts in training. */
export const PromptDrawSettings = z.strictObject(
  grouped("Prompts in training", {
    boxShare: z.number().min(0).max(1).default(0.5).describe("fraction of prompts that are a box, the default in inference"),
    bothShare: z.number().min(0).max(1).default(0.3).describe("fraction that are a box with points; the rest are points only"),
    boxJitter: z
      .number()
      .nonnegative()
      .default(0.1)
      .describe("standard deviation of the shift of each edge of a ground truth box, as a fraction of the side")
      .meta({ needs: withBoxes }),
    maxJitter: z
      .number()
      .nonnegative()
      .default(20)
      .describe("largest shift of an edge, in pixels of a square of 1024, as in SAM's training; raise it if coarse boxes are less accurate")
      .meta({ needs: [{ boxJitter: "given" }] }),
    coarseShare: z.number().min(0).max(1).default(0.5).describe("fraction of prompts from the coarse mask, if there is one"),
    distortedShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe(
        "fraction of the others from a simulated coarse mask: the ground truth on a grid of 14 cells a side, too large, too small or shifted",
      ),
  }),
);
export type PromptDrawSettings = z.infer<typeof PromptDrawSettings>;

export interface DrawOptions extends PromptDrawSettings, SquareSizes {
  /** Largest numbers of points on and outside the target. */
  readonly points: number;
  readonly negativePoints: number;
  /** Fraction of the prompts from a coarse mask that go with it as a mask prompt. */
  readonly maskShare: number;
  readonly seed: number;
}

/** A coarse mask, real or simulated, is used only if the IoU of its box with the ground-truth box is above this. */
const leastOverlap = 0.1;

/** The side in pixels that `maxJitter` refers to. */
const publishedSide = 1024;

/**
 * A prompt for a target: a box, a box with points, or only points, from a coarse mask, a simulated coarse mask, or the ground truth with
 * its edges moved.
 *
 * @param name - of the random numbers: the same name, seed and settings give the same prompt
 * @see Kirillov et al. 2023, arXiv:2304.02643, appendix A, for the noise of boxes
 */
export function drawPrompt(source: PromptSource, name: string, options: DrawOptions): TrainingPrompt {
  const random = uniform(`train/prompt/${name}`, options.seed);
  const { boxShare, bothShare, maskShare } = options;
  const { box, cells, isGuess } = drawSource(source, name, random, options);
  const mask = isGuess && random.at(5) < maskShare ? { mask: cells } : {};
  const kind = random.at(0);
  if (kind < boxShare) return { box, points: [], ...mask };
  const points = drawPoints(cells, source.extent, name, random, options);
  return kind < boxShare + bothShare ? { box, points, ...mask } : { points, ...mask };
}

/** The box used for validation: that of the coarse mask, if training uses those, else the ground-truth box with moved edges. */
export function heldOutBox(source: PromptSource, name: string, options: DrawOptions): TrainingPrompt {
  const guess = options.coarseShare > 0 ? usableCoarse(source) : undefined;
  return { box: guess?.box ?? movedBox(source, name, options), points: [], ...(guess && options.maskShare > 0 && { mask: guess.cells }) };
}

/** What a prompt is made from, and whether it only guesses the target. */
function drawSource(source: PromptSource, name: string, random: RandomStream, options: DrawOptions): TargetGrid & { isGuess: boolean } {
  const coarse = usableCoarse(source);
  if (coarse && random.at(1) < options.coarseShare) return { ...coarse, isGuess: true };
  if (random.at(2) < options.distortedShare) {
    const made = distorted(source, name, options);
    if (boxIou(made.box, source.truth.box) > leastOverlap) return { ...made, isGuess: true };
  }
  return { box: movedBox(source, name, options), cells: source.truth.cells, isGuess: false };
}

function usableCoarse({ coarse, truth }: PromptSource): TargetGrid | undefined {
  return coarse && boxIou(coarse.box, truth.box) > leastOverlap ? coarse : undefined;
}

/** The ground-truth box, each edge moved by a normal random number with standard deviation `boxJitter` times the side, at most `maxJitter`. */
function movedBox({ truth: { box }, extent }: PromptSource, name: string, { boxJitter, maxJitter, side, seed }: DrawOptions): Box {
  const noise = normal(`train/jitter/${name}`, seed, 4);
  const most = (maxJitter * side) / publishedSide;
  const moved = (edge: number, length: number, i: number) => edge + Math.min(Math.max(noise[i]! * boxJitter * length, -most), most);
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
  const given = { x0: moved(box.x0, width, 0), y0: moved(box.y0, height, 1), x1: moved(box.x1, width, 2), y1: moved(box.y1, height, 3) };
  return heldBox(given, extent, box);
}

/** 1 to `points` points on the mask and up to `negativePoints` outside it, each at a random position in its cell. */
function drawPoints(cells: Uint8Array, extent: Size, name: string, random: RandomStream, options: DrawOptions): LabelledPoint[] {
  const { points, negativePoints, side, cells: across, seed } = options;
  const cell = side / across;
  const place = uniform(`train/points/${name}`, seed);
  const [columns, rows] = [Math.ceil(extent.width / cell), Math.ceil(extent.height / cell)];
  const inside: number[] = [];
  const beside: number[] = [];
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) (cells[y * across + x] === 1 ? inside : beside).push(y * across + x);
  let used = 0;
  const draw = (among: readonly number[], count: number, label: 0 | 1): LabelledPoint[] =>
    Array.from({ length: among.length === 0 ? 0 : count }, () => {
      const index = among[Math.floor(place.at(used++) * among.length)]!;
      const at = (position: number, end: number) => Math.min((position + place.at(used++)) * cell, end - 0.5) - 0.5;
      return { x: at(index % across, extent.width), y: at(Math.floor(index / across), extent.height), label };
    });
  const positive = draw(inside, 1 + Math.floor(random.at(3) * points), 1);
  return [...positive, ...draw(beside, Math.floor(random.at(4) * (negativePoints + 1)), 0)];
}
