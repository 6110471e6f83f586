import { add, cast, expand, input, mul, reshape, slice, type Value } from "../../graph/index.ts";
import type { Box, LabelledPoint } from "../../image/index.ts";
import { medsamLoss, samLoss } from "../../losses/index.ts";
import type { NamedWeights } from "../../models/named-weights.ts";
import {
  gridOf,
  imageEncoder,
  logitsSideOf,
  type MaskDecoding,
  maskDecoder,
  promptSlots,
  type SamConfig,
  usedSlots,
} from "../../models/sam/index.ts";
import { maskPromptLogits } from "../../segment/index.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { PromptableSettings } from "./settings.ts";
import { learntMasks } from "./trained-tensors.ts";

/** A prompt in pixels of the model's square. It has at least a box or a point. */
export interface TrainingPrompt {
  readonly box?: Box | undefined;
  readonly points: readonly LabelledPoint[];
  /** A coarse mask at the size of the logits, [l, l], 0 or 1, that goes with them. */
  readonly mask?: Uint8Array | undefined;
}

/** Sizes of a graph: B images, P prompts each, at most K points a prompt. */
export interface PromptShape {
  readonly images: number;
  readonly prompts: number;
  readonly points: number;
  /** Whether prompts may have masks. */
  readonly masks: boolean;
}

/** Input of a graph: pixels if it encodes the images, else their embeddings. */
export type ImageKind = "pixels" | "embedding";

/** The mask decoding of prompted images, over inputs that it makes. */
export function decodingOf(
  weights: NamedWeights,
  config: SamConfig,
  kind: ImageKind,
  { images, prompts, points, masks }: PromptShape,
): MaskDecoding {
  const { imageSize: side, outChannels: width } = config;
  const [grid, rows] = [gridOf(config), images * prompts];
  const embedding =
    kind === "pixels"
      ? imageEncoder(input("pixels", "float32", [images, 3, side, side]), weights, config).embedding
      : input("embedding", "float32", [images, width, grid, grid]); // [B, C, g, g]
  const slots = {
    positions: input("positions", "float32", [rows, points, 2]),
    labels: input("labels", "int64", [rows, points]),
    boxes: input("boxes", "float32", [rows, 4]),
    used: input("used", "float32", [rows, points + 3]),
    ...(masks && {
      masks: {
        logits: input("maskLogits", "float32", [rows, 1, logitsSideOf(config), logitsSideOf(config)]),
        used: input("masksUsed", "float32", [rows, 1, 1, 1]),
      },
    }),
  };
  return maskDecoder(repeated(embedding, prompts), promptSlots(slots, weights, config), weights, config);
}

/** The loss of a decoding, a scalar; target is an input, uint8 [B P, 1, 4 g, 4 g]. */
export function promptableLoss({ logits, iou }: MaskDecoding, settings: PromptableSettings, config: SamConfig): Value {
  const side = logitsSideOf(config);
  const target = cast(input("target", "uint8", [logits.shape[0]!, 1, side, side]), "float32");
  const terms = learntMasks(settings, config).map(({ from, to }) => {
    const [some, scores] = [slice(logits, 1, from, to), slice(iou, 1, from, to)];
    return settings.loss === "medsam" ? medsamLoss(some, target) : samLoss(some, scores, target);
  });
  return mul(
    terms.reduce((sum, term) => add(sum, term)),
    1 / terms.length,
  );
}

/** Prompts as the graph's inputs; those with fewer points than K leave slots unused. */
export function promptFeeds(
  prompts: readonly TrainingPrompt[],
  { points, masks }: Pick<PromptShape, "points" | "masks">,
  side: number,
): Record<string, Tensor> {
  const rows = prompts.length;
  const [positions, labels] = [new Float32Array(rows * points * 2), new BigInt64Array(rows * points)];
  const [boxes, used] = [new Float32Array(rows * 4), new Float32Array(rows * (points + 3))];
  for (const [n, { box, points: given }] of prompts.entries()) {
    for (const [k, { x, y, label }] of given.entries()) {
      positions.set([x, y], (n * points + k) * 2);
      labels[n * points + k] = BigInt(label);
    }
    if (box) boxes.set([box.x0, box.y0, box.x1, box.y1], n * 4);
    used.set(usedSlots(given.length, box !== undefined, points), n * (points + 3));
  }
  return {
    positions: tensor("float32", [rows, points, 2], positions),
    labels: tensor("int64", [rows, points], labels),
    boxes: tensor("float32", [rows, 4], boxes),
    used: tensor("float32", [rows, points + 3], used),
    ...(masks && maskFeeds(prompts, side)),
  };
}

/** Masks of prompts as the graph's inputs. */
function maskFeeds(prompts: readonly TrainingPrompt[], side: number): Record<string, Tensor> {
  const rows = prompts.length;
  const logits = new Float32Array(rows * side * side);
  for (const [n, { mask }] of prompts.entries()) if (mask) logits.set(maskPromptLogits(mask), n * side * side);
  return {
    maskLogits: tensor("float32", [rows, 1, side, side], logits),
    masksUsed: tensor(
      "float32",
      [rows, 1, 1, 1],
      Float32Array.from(prompts, ({ mask }) => (mask ? 1 : 0)),
    ),
  };
}

/** Each of B images once for each of its prompts: [B, ...] to [B P, ...]. */
function repeated(x: Value, count: number): Value {
  const [batch, ...rest] = x.shape;
  if (count === 1) return x;
  return reshape(expand(reshape(x, [batch!, 1, ...rest]), [batch!, count, ...rest]), [batch! * count, ...rest]);
}
