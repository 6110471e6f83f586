import { mirrorWords } from "../augment/index.ts";
import { concernsOneInput, throwIfCancelled } from "../errors.ts";
import type { MaskRuns } from "../image/index.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { PreparedView, ViewRequest } from "./_preparation.ts";
import type { AugmentedView, AugmentRequest } from "./augmented-view.ts";
import { epochOrder, type OrderOptions } from "./epoch-order.ts";
import { type DroppedPair, imageName, type Pair } from "./pairs.ts";
import { type CropRange, defaultCrop } from "./views.ts";
import type { PairWorkers } from "./workers.ts";

/** Pairs whose captions are tokenised. */
export interface EncodedPairs {
  readonly pairs: readonly Pair[];
  readonly keys: readonly string[];
  /** Of each pair, with the start and the end token, without padding. */
  readonly ids: readonly (readonly number[])[];
  /** Tokens of each pair. */
  readonly lengths: Int32Array;
  /** The same of the captions with left and right exchanged, where pictures may be mirrored. */
  readonly mirroredIds?: readonly (readonly number[])[];
  /** How many captions were longer than the context and were cut. */
  readonly truncated: number;
}

/** A batch of pairs. */
export interface PairBatch {
  readonly pairs: readonly Pair[];
  /** [B, 3, S, S], 8 bits; `normalised` makes them what a model takes. */
  readonly pixels: Tensor<"uint8">;
  /** Token ids of each pair, without padding. */
  readonly ids: readonly (readonly number[])[];
  /** Of each pair, what is known of its picture if it was augmented. */
  readonly augmented?: readonly AugmentedPicture[];
  /** Pairs that could not be decoded while this batch was filled. Later pairs replaced them. */
  readonly dropped: readonly DroppedPair[];
  /** Position in the epoch: a run that resumes after this batch starts `from` here. */
  readonly position: number;
}

/** How a picture was augmented. */
export type AugmentedPicture = Omit<AugmentedView, "pixels">;

/** How the pictures of an epoch are augmented. */
export interface EpochAugmentation extends Pick<AugmentRequest, "settings" | "grid" | "emptyCrops"> {
  /** What is outlined in the image of a pair. */
  outlinesOf(pair: Pair): readonly MaskRuns[];
}

/** How pictures are made ready. */
export interface ViewOptions {
  readonly batch: number;
  /** Length of a picture's sides in pixels. */
  readonly side: number;
  /** How 16-bit gray becomes 8 bits; default `paper`. */
  readonly mode?: "paper" | "reference" | undefined;
  /** Batches that are prepared beyond the one in use; default 2. A picture takes 3 S² bytes. */
  readonly ahead?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EpochOptions extends ViewOptions, Omit<OrderOptions, "batch"> {
  /** Which part of an image is seen; null: the middle, as in validation. Default: that of the released training. */
  readonly crop?: CropRange | null | undefined;
  readonly augmentation?: EpochAugmentation | undefined;
  /** The `position` of the last batch that an interrupted run has used; default 0. */
  readonly from?: number | undefined;
}

/** Tokenises the captions of pairs, once for all epochs. @param mirrored - also with left and right exchanged */
export async function encodePairs(pairs: readonly Pair[], workers: PairWorkers, mirrored = false): Promise<EncodedPairs> {
  const encoded = await workers.encode(pairs.map(({ caption }) => caption));
  const others = mirrored ? await workers.encode(pairs.map(({ caption }) => mirrorWords(caption))) : undefined;
  return {
    pairs,
    keys: pairs.map(({ key }) => key),
    ids: encoded.map(({ ids }) => ids),
    ...(others && { mirroredIds: others.map(({ ids }) => ids) }),
    lengths: Int32Array.from(encoded, ({ ids }) => ids.length),
    truncated: encoded.filter(({ truncated }) => truncated).length,
  };
}

/**
 * The batches of a training epoch: shuffled, randomly cropped, all full; pairs that do not fill a batch are left out. The same options give the same
 * batches, however many workers there are.
 *
 * @throws CancelledError when the signal fires
 */
export async function* epochBatches(data: EncodedPairs, workers: PairWorkers, options: EpochOptions): AsyncGenerator<PairBatch> {
  const { seed, epoch, crop = defaultCrop, from = 0, batch } = options;
  const order = epochOrder(data, options);
  const { augmentation } = options;
  const viewOf: ViewOf = (pair) => ({
    crop: crop === null ? undefined : { key: pair.key, epoch, seed, range: crop },
    augment: augmentation && { ...augmented(augmentation, pair), key: pair.key, epoch, seed },
  });
  for await (const found of batches(data, workers, order, from, viewOf, options)) if (found.pairs.length === batch) yield found;
}

/** All pairs once, in their order, each seen in the middle; the last batch may have fewer. For validation. */
export async function* plainBatches(data: EncodedPairs, workers: PairWorkers, options: ViewOptions): AsyncGenerator<PairBatch> {
  const order = data.pairs.map((_, i) => i);
  yield* batches(data, workers, order, 0, () => ({}), options);
}

/** What came of preparing a pair. */
type Prepared = { readonly view: PreparedView } | { readonly error: unknown };
type ViewOf = (pair: Pair) => Pick<ViewRequest, "crop" | "augment">;

/** What a thread needs to augment a pair. */
const augmented = ({ settings, grid, emptyCrops, outlinesOf }: EpochAugmentation, pair: Pair) => ({
  ...{ settings, grid, emptyCrops },
  outlines: outlinesOf(pair),
});

async function* batches(
  data: EncodedPairs,
  workers: PairWorkers,
  order: readonly number[],
  from: number,
  viewOf: ViewOf,
  { batch, side, mode = "paper", ahead = 2, signal }: ViewOptions,
): AsyncGenerator<PairBatch> {
  const queue: Promise<Prepared>[] = [];
  let asked = from;
  const prepare = () => {
    while (asked < order.length && queue.length < batch * (1 + ahead)) {
      const pair = data.pairs[order[asked++]!]!;
      queue.push(
        workers.view({ image: pair.image, side, mode, ...viewOf(pair) }).then(
          (view) => ({ view }),
          (error) => ({ error }),
        ),
      );
    }
  };
  let position = from;
  let dropped: DroppedPair[] = [];
  while (position < order.length) {
    const rows: { index: number; view: PreparedView }[] = [];
    while (rows.length < batch && position < order.length) {
      prepare();
      const prepared = await queue.shift()!;
      throwIfCancelled(signal);
      const index = order[position++]!;
      if ("view" in prepared) rows.push({ index, view: prepared.view });
      else dropped.push(undecodable(data.pairs[index]!, prepared.error));
    }
    prepare(); // the caller may block this thread next
    const pixels = new Uint8Array(rows.length * 3 * side * side);
    for (const [i, { view }] of rows.entries()) pixels.set(view.pixels, i * view.pixels.length);
    const isAugmented = rows.some(({ view }) => view.coverage);
    yield {
      pairs: rows.map(({ index }) => data.pairs[index]!),
      pixels: tensor("uint8", [rows.length, 3, side, side], pixels),
      ids: rows.map(({ index, view }) => ((view.isMirrored && data.mirroredIds) || data.ids)[index]!),
      ...(isAugmented && {
        augmented: rows.map(({ view: { coverage, isMirrored, isEmptyCrop } }) => ({
          coverage: coverage!,
          isMirrored: isMirrored!,
          isEmptyCrop: isEmptyCrop!,
        })),
      }),
      dropped,
      position,
    };
    dropped = [];
  }
}

/** Bad input concerns one pair; anything else concerns the run. */
function undecodable({ key, image }: Pair, error: unknown): DroppedPair {
  if (!concernsOneInput(error)) throw error;
  const detail = error.message.includes(imageName(image)) ? error.message : `"${imageName(image)}": ${error.message}`;
  return { key, kind: "input", reason: "image cannot be decoded", detail };
}

/**
 * Pixels as an image tower takes them: in [0, 1], minus mean, over standard deviation.
 *
 * @param pixels - [B, 3, S, S], 8 bits
 * @param rows - which of them, [from, to); default: all. A large batch stays in 8 bits and is normalised chunk by chunk
 */
export function normalised(
  { shape, data }: Tensor<"uint8">,
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
  rows: readonly [from: number, to: number] = [0, shape[0]!],
): Tensor<"float32"> {
  const [from, to] = rows;
  const plane = shape[2]! * shape[3]!;
  const levels = mean.map((centre, c) => Float32Array.from({ length: 256 }, (_, level) => (level / 255 - centre) / std[c]!));
  const values = new Float32Array((to - from) * 3 * plane);
  for (let p = 3 * from, o = 0; p < 3 * to; p++) {
    const table = levels[p % 3]!;
    for (let i = p * plane; i < (p + 1) * plane; i++) values[o++] = table[data[i]!]!;
  }
  return tensor("float32", [to - from, 3, shape[2]!, shape[3]!], values);
}
