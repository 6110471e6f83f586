import { z } from "zod";
import { described } from "../../check/described.ts";
import { checkedOptions } from "../../check/options.ts";
import { ConfigError, throwIfCancelled } from "../../errors.ts";
import { compile, input, matmul, swapLast } from "../../graph/index.ts";
import { SessionOptions } from "../../runtime/session.ts";
import { uniform } from "../../tensor/random.ts";
import { tensor } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { mean, std } from "../statistics.ts";
import { type PairFeatures, unitFeatures } from "./features.ts";
import { ranksOf } from "./ranks.ts";

export interface BatchRetrievalOptions extends SessionOptions {
  /** Candidates of a query; default 50. */
  readonly batch?: number;
  /** How often the set is shuffled anew, or the orders to use; default 5. */
  readonly shuffles?: number | readonly ArrayLike<number>[];
  /** Of the shuffles; default 42. */
  readonly seed?: number;
  /** Whether a last batch that is not full counts, although its queries have fewer candidates; default false. */
  readonly keepPartial?: boolean;
  readonly signal?: AbortSignal;
}

/** An accuracy over the shuffles. */
export interface Accuracy {
  readonly mean: number;
  /** With n - 1; null for one value. */
  readonly std: number | null;
  /** With n. A published "mean ± std" rarely says which. */
  readonly stdPopulation: number;
}

/** Share of queries whose true candidate is the first, or among the first two. */
export interface TopAccuracy {
  readonly top1: Accuracy;
  readonly top2: Accuracy;
}

export interface BatchRetrieval {
  /** Per shuffle, per direction (image to text, text to image), top-1 and top-2. */
  readonly accuracy: readonly (readonly [imageToText: Top, textToImage: Top])[];
  readonly imageToText: TopAccuracy;
  readonly textToImage: TopAccuracy;
  /** Of the mean of both directions in each shuffle. */
  readonly both: TopAccuracy;
  /** All shuffles and directions together. */
  readonly queries: number;
  /** Pairs that each shuffle leaves out, since they do not fill a batch. */
  readonly leftOut: number;
}

const Options = z.strictObject({
  ...SessionOptions.shape,
  batch: z.number().int().min(2).optional(),
  shuffles: z
    .union([z.number().int().positive(), z.array(z.custom<ArrayLike<number>>()).min(1)], "a number of at least 1, or orders")
    .optional(),
  seed: z.number().int().optional(),
  keepPartial: z.boolean().optional(),
  signal: z.instanceof(AbortSignal, { error: "an AbortSignal" }).optional(),
});

/** @throws ConfigError when an order does not hold each pair once */
function checkOrder(order: ArrayLike<number>, count: number): void {
  const indices = new Set(Array.isArray(order) || ArrayBuffer.isView(order) ? Array.from(order) : []);
  const isWhole = indices.size === count && order.length === count;
  if (!isWhole || ![...indices].every((index) => Number.isInteger(index) && index >= 0 && index < count))
    throw new ConfigError(`batchRetrieval: an order must hold each number from 0 to ${count - 1} once, got ${described(order)}.`);
}

type Top = readonly [top1: number, top2: number];

/** Batches that are computed at once. */
const stack = 32;

/**
 * The paper's retrieval protocol: shuffle the pairs, cut them into batches of 50, rank the candidates of each batch by cosine similarity in
 * both directions; repeat for five shuffles. A last batch that is not full is left out unless asked for.
 *
 * @param features - [N, D] of images and texts, of any length
 * @throws ConfigError when no batch can be filled
 * @see Koleilat et al. 2024, arXiv:2409.19483, section IV; how the last batch was handled is not published
 */
export async function batchRetrieval(features: PairFeatures, options: BatchRetrievalOptions = {}): Promise<BatchRetrieval> {
  checkedOptions(Options, options, "batchRetrieval");
  const { batch = 50, shuffles = 5, seed = 42, keepPartial = false, signal, ...sessionOptions } = options;
  const { image, text, count, width } = unitFeatures(features);
  const used = keepPartial ? count : count - (count % batch);
  if (used === 0) {
    throw new ConfigError(
      `batchRetrieval: ${count} pairs do not fill a batch of ${batch}. Use smaller batches (--batch), or keep the last one (--keep-partial).`,
    );
  }
  const orders = typeof shuffles === "number" ? Array.from({ length: shuffles }, (_, s) => shuffle(count, s, seed)) : shuffles;
  for (const order of orders) checkOrder(order, count);
  const shape = [stack, batch, width] as const;
  const similarity = matmul(input("image", "float32", shape), swapLast(input("text", "float32", shape))); // [stack, batch, batch]
  const session = await compile({ similarity }, sessionOptions);
  const accuracy: (readonly [Top, Top])[] = [];
  await thenDispose(async () => {
    for (const order of orders) {
      const hits = { imageToText: [0, 0], textToImage: [0, 0] };
      for (let from = 0; from < used; from += stack * batch) {
        throwIfCancelled(signal);
        const rows = Array.from({ length: Math.min(stack * batch, used - from) }, (_, i) => order[from + i]!);
        const run = await session.run({
          image: tensor("float32", shape, gathered(image.data, rows, width, stack * batch)),
          text: tensor("float32", shape, gathered(text.data, rows, width, stack * batch)),
        });
        const all = run.similarity!.data as Float32Array;
        for (let k = 0; k * batch < rows.length; k++) {
          const size = Math.min(batch, rows.length - k * batch);
          const ranks = ranksOf(corner(all.subarray(k * batch * batch, (k + 1) * batch * batch), batch, size), size);
          for (const direction of ["imageToText", "textToImage"] as const) {
            for (const rank of ranks[direction]) for (const top of [1, 2]) if (rank <= top) hits[direction][top - 1]!++;
          }
        }
      }
      const share = ([top1, top2]: number[]): Top => [top1! / used, top2! / used];
      accuracy.push([share(hits.imageToText), share(hits.textToImage)]);
    }
  }, session);
  return {
    accuracy,
    imageToText: topAccuracy(accuracy.map(([forward]) => forward)),
    textToImage: topAccuracy(accuracy.map(([, backward]) => backward)),
    both: topAccuracy(accuracy.map(([forward, backward]): Top => [(forward[0] + backward[0]) / 2, (forward[1] + backward[1]) / 2])),
    queries: used * 2 * orders.length,
    leftOut: count - used,
  };
}

function topAccuracy(values: readonly Top[]): TopAccuracy {
  return { top1: accuracyOf(values.map(([top1]) => top1)), top2: accuracyOf(values.map(([, top2]) => top2)) };
}

function accuracyOf(values: readonly number[]): Accuracy {
  const centre = mean(values);
  return {
    mean: centre,
    std: values.length < 2 ? null : std(values),
    stdPopulation: Math.sqrt(mean(values.map((value) => (value - centre) ** 2))),
  };
}

/** Fisher and Yates' shuffle of 0 to count - 1; shuffle s draws from a stream of its own. */
function shuffle(count: number, s: number, seed: number): Int32Array {
  const stream = uniform(`retrieval/shuffle/${s}`, seed);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(stream.at(i) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Some rows one below the other, filled up with zeros. */
function gathered(data: Float32Array, rows: readonly number[], width: number, count: number): Float32Array<ArrayBuffer> {
  const found = new Float32Array(count * width);
  for (const [i, row] of rows.entries()) found.set(data.subarray(row * width, (row + 1) * width), i * width);
  return found;
}

/** The first rows and columns of a square matrix. */
function corner(matrix: Float32Array, length: number, size: number): Float32Array {
  if (size === length) return matrix;
  const part = new Float32Array(size * size);
  for (let i = 0; i < size; i++) part.set(matrix.subarray(i * length, i * length + size), i * size);
  return part;
}
