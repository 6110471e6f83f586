import { addTo } from "../../add-to.ts";
import { normaliseInto } from "../../segment/index.ts";
import { sizeOf, tensor } from "../../tensor/tensor.ts";
import type { TrainingPrompt } from "./graph.ts";
import type { PreparedTarget, PromptData } from "./prompt-data.ts";
import { type DrawOptions, drawPrompt, heldOutBox } from "./prompt-draws.ts";
import type { TargetOrder } from "./target-order.ts";
import type { PromptedImages } from "./trainer.ts";

/** Computes the embedding of an image, [C, g, g]; for training with a frozen encoder. */
export type EmbedImage = (data: PromptData, image: number) => Promise<Float32Array>;

export interface BatchOptions extends DrawOptions {
  /** Images per batch. */
  readonly batch: number;
  /** Prompts per image. */
  readonly prompts: number;
  /** Default: the trainer encodes pixels itself. */
  readonly embed?: EmbedImage | undefined;
  /** Shape of an embedding, [C, g, g]. */
  readonly embeddingShape: readonly number[];
}

/** The batch of a step, counted from 0 over the whole run. It depends only on the seed and the step. */
export async function trainingBatch(data: PromptData, order: TargetOrder, step: number, options: BatchOptions): Promise<PromptedImages> {
  const { batch, prompts } = options;
  const rows = Array.from({ length: batch }, (_, b) => order.together(step * batch + b, prompts)).flat();
  const targets = rows.map((index) => data.targets[index]!);
  const drawn = targets.map((target, row) => drawPrompt(target, `${step}/${row}`, options));
  return await assembled(data, targets, drawn, options);
}

/** A batch of the validation set, with up to `prompts` targets of each image. */
export interface HeldOutBatch extends PromptedImages {
  /** The target of each row; undefined for rows that only fill the batch. */
  readonly rows: readonly (number | undefined)[];
}

/** All targets, each with one box, the same in every call. All batches have one size: the last prompts and images are repeated. */
export async function* heldOutBatches(data: PromptData, options: BatchOptions): AsyncGenerator<HeldOutBatch> {
  const { batch, prompts } = options;
  const byImage = new Map<number, number[]>();
  for (const [index, { image }] of data.targets.entries()) addTo(byImage, image, index);
  const units = [...byImage.values()].flatMap((own) =>
    Array.from({ length: Math.ceil(own.length / prompts) }, (_, i) => own.slice(i * prompts, (i + 1) * prompts)),
  );
  for (let from = 0; from < units.length; from += batch) {
    const part = Array.from({ length: batch }, (_, b) => ({
      unit: units[Math.min(from + b, units.length - 1)]!,
      isExtra: from + b >= units.length,
    }));
    const padded = part.flatMap(({ unit }) => Array.from({ length: prompts }, (_, k) => unit[Math.min(k, unit.length - 1)]!));
    const rows = part.flatMap(({ unit, isExtra }) => Array.from({ length: prompts }, (_, k) => (isExtra ? undefined : unit[k])));
    const targets = padded.map((index) => data.targets[index]!);
    const boxes = targets.map((target) => heldOutBox(target, `held out/${target.key}`, options));
    yield { rows, ...(await assembled(data, targets, boxes, options)) };
  }
}

/** A batch for the trainer from rows of targets, with the `prompts` of one image in consecutive rows. */
async function assembled(
  data: PromptData,
  targets: readonly PreparedTarget[],
  prompts: readonly TrainingPrompt[],
  { prompts: each, side, cells, embed, embeddingShape }: BatchOptions,
): Promise<PromptedImages> {
  const shape = embed ? embeddingShape : [3, side, side];
  const count = targets.length / each;
  const size = sizeOf(shape);
  const images = new Float32Array(count * size);
  for (let b = 0; b < count; b++) {
    const { image } = targets[b * each]!;
    if (embed) images.set(await embed(data, image), b * size);
    else normaliseInto(images.subarray(b * size, (b + 1) * size), await data.image(image), side);
  }
  const masks = new Uint8Array(targets.length * cells * cells);
  for (const [row, { truth }] of targets.entries()) masks.set(truth.cells, row * cells * cells);
  return {
    images: tensor("float32", [count, ...shape], images),
    prompts,
    targets: tensor("uint8", [targets.length, 1, cells, cells], masks),
  };
}
