import { addTo } from "../../add-to.ts";
import type { Image } from "../../image/index.ts";
import { samVariants } from "../../segment/index.ts";
import { sizeOf, tensor } from "../../tensor/tensor.ts";
import { augmentedTargets } from "./augmented-targets.ts";
import type { TrainingPrompt } from "./graph.ts";
import type { PromptData } from "./prompt-data.ts";
import { type DrawOptions, drawPrompt, heldOutBox } from "./prompt-draws.ts";
import type { PromptSource } from "./target-grid.ts";
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
  const units: Unit[] = [];
  for (let b = 0; b < batch; b++) units.push(await trainingUnit(data, order.together(step * batch + b, prompts), `${step}/${b}`, options));
  const drawn = units.flatMap(({ sources }) => sources).map((source, row) => drawPrompt(source, `${step}/${row}`, options));
  return await assembled(data, units, drawn, options);
}

/** The part of a batch that shares one image, and one draw of its augmentation. */
async function trainingUnit(data: PromptData, rows: readonly number[], place: string, options: BatchOptions): Promise<Unit> {
  const targets = rows.map((index) => data.targets[index]!);
  const { image, key } = targets[0]!;
  if (!data.augmentation) return { image, sources: targets };
  const name = `${place}/${key}`;
  const { image: picture, sources } = augmentedTargets(await data.image(image), targets, name, { ...options, settings: data.augmentation });
  return { image, picture, sources };
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
    const images = part.map(({ unit }) => {
      const sources = Array.from({ length: prompts }, (_, k) => data.targets[unit[Math.min(k, unit.length - 1)]!]!);
      return { image: sources[0]!.image, sources };
    });
    const rows = part.flatMap(({ unit, isExtra }) => Array.from({ length: prompts }, (_, k) => (isExtra ? undefined : unit[k])));
    const boxes = images.flatMap(({ sources }) => sources.map((target) => heldOutBox(target, `held out/${target.key}`, options)));
    yield { rows, ...(await assembled(data, images, boxes, options)) };
  }
}

/** An image of a batch and what its prompts are drawn from. */
interface Unit {
  readonly image: number;
  /** The image where it is augmented, at the model's size. */
  readonly picture?: Image;
  readonly sources: readonly PromptSource[];
}

/** A batch for the trainer, with the `prompts` of one image in consecutive rows. */
async function assembled(
  data: PromptData,
  units: readonly Unit[],
  prompts: readonly TrainingPrompt[],
  { variant, side, cells, embed, embeddingShape }: BatchOptions,
): Promise<PromptedImages> {
  const shape = embed ? embeddingShape : [3, side, side];
  const size = sizeOf(shape);
  const images = new Float32Array(units.length * size);
  for (const [b, { image, picture }] of units.entries()) {
    if (embed) images.set(await embed(data, image), b * size);
    else samVariants[variant].normaliseInto(images.subarray(b * size, (b + 1) * size), picture ?? (await data.image(image)), side);
  }
  const sources = units.flatMap((unit) => unit.sources);
  const masks = new Uint8Array(sources.length * cells * cells);
  for (const [row, { truth }] of sources.entries()) masks.set(truth.cells, row * cells * cells);
  return {
    images: tensor("float32", [units.length, ...shape], images),
    prompts,
    targets: tensor("uint8", [sources.length, 1, cells, cells], masks),
  };
}
