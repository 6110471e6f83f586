import { z } from "zod";
import { checkedOptions } from "../../check/options.ts";
import { throwIfCancelled } from "../../errors.ts";
import { compile, gemm, input } from "../../graph/index.ts";
import { type Session, SessionOptions } from "../../runtime/session.ts";
import { tensor } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { type PairFeatures, unitFeatures } from "./features.ts";
import { isAhead, type PairRanks, type Ties } from "./ranks.ts";

export interface WholeSetOptions extends SessionOptions {
  /** Default `stable`. */
  readonly ties?: Ties;
  /** Pairs on a side of a tile, a multiple of 64; default 1024. Memory beside the features is a few times tile² · 4 bytes. */
  readonly tile?: number;
  readonly signal?: AbortSignal;
}

const Options = z.strictObject({
  ...SessionOptions.shape,
  ties: z.enum(["stable", "optimistic", "pessimistic"]).optional(),
  tile: z.number().int().positive().multipleOf(64, "a multiple of 64").optional(),
  signal: z.instanceof(AbortSignal, { error: "an AbortSignal" }).optional(),
});

/**
 * The rank of each pair's text among all texts for its image, and of its image among all images for its text; exact, by all N² cosines.
 *
 * The similarity matrix is made tile by tile, and each tile serves both directions. A pair's own similarity is an element of a tile like
 * all others, computed by the same kernel in the same order, so that equal texts or images are equal to the last bit and ties are ties.
 *
 * @param features - [N, D] of images and texts, of any length
 * @returns ranks from 1 on
 * @throws CancelledError between two tiles when the signal fires
 */
export async function pairRanks(features: PairFeatures, options: WholeSetOptions = {}): Promise<PairRanks> {
  checkedOptions(Options, options, "pairRanks");
  const { ties = "stable", tile = 1024, signal, ...sessionOptions } = options;
  const { image, text, count, width } = unitFeatures(features);
  const tiles = await TileMaker.open(image.data, text.data, { count, width, tile }, sessionOptions);
  return await thenDispose(async () => {
    const blocks = Math.ceil(count / tile);
    const size = (block: number) => Math.min(tile, count - block * tile);
    const own = new Float32Array(count);
    const imageToText = new Int32Array(count).fill(1);
    const textToImage = new Int32Array(count).fill(1);
    for (let b = 0; b < blocks; b++) {
      const similarity = await tiles.at(b, b);
      for (let i = 0; i < size(b); i++) own[b * tile + i] = similarity[i * tile + i]!;
      countDiagonal(similarity, { tile, size: size(b), from: b * tile, own, ties }, imageToText, textToImage);
    }
    // "As similar or more" is "more than the number below": one comparison serves both.
    const below = own.map(nextBelow);
    for (let a = 0; a < blocks; a++) {
      for (let b = 0; b < blocks; b++) {
        if (a === b) continue;
        throwIfCancelled(signal);
        const rows = (isAhead[ties](b, a) ? below : own).subarray(a * tile, a * tile + size(a));
        const columns = (isAhead[ties](a, b) ? below : own).subarray(b * tile, b * tile + size(b));
        countTile(await tiles.at(a, b), tile, rows, columns, imageToText.subarray(a * tile), textToImage.subarray(b * tile));
      }
    }
    return { imageToText, textToImage };
  }, tiles);
}

/** Makes tiles of the similarity matrix. All have the same shape, the last ones filled up with zeros: one kernel computes them all. */
class TileMaker {
  private constructor(
    private readonly session: Session,
    private readonly image: (block: number) => Float32Array<ArrayBuffer>,
    private readonly text: (block: number) => Float32Array<ArrayBuffer>,
    private readonly shape: readonly [tile: number, width: number],
  ) {}

  static async open(
    image: Float32Array<ArrayBuffer>,
    text: Float32Array<ArrayBuffer>,
    { count, width, tile }: { readonly count: number; readonly width: number; readonly tile: number },
    options: SessionOptions,
  ): Promise<TileMaker> {
    const shape = [tile, width] as const;
    const similarity = gemm(input("image", "float32", shape), input("text", "float32", shape), { transB: true }); // [tile, tile]
    const session = await compile({ similarity }, options);
    return new TileMaker(session, blockReader(image, count, width, tile), blockReader(text, count, width, tile), shape);
  }

  /** Images of block `a` against texts of block `b`, [tile, tile]. */
  async at(a: number, b: number): Promise<Float32Array> {
    const { session, shape } = this;
    const { similarity } = await session.run({
      image: tensor("float32", shape, this.image(a)),
      text: tensor("float32", shape, this.text(b)),
    });
    return similarity!.data as Float32Array;
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
  }
}

/** The rows of a block; those that lack to a whole one are zeros. */
function blockReader(
  data: Float32Array<ArrayBuffer>,
  count: number,
  width: number,
  tile: number,
): (block: number) => Float32Array<ArrayBuffer> {
  const full = Math.floor(count / tile);
  const last = new Float32Array(count % tile === 0 ? 0 : tile * width);
  if (last.length > 0) last.set(data.subarray(full * tile * width));
  return (block) => (block < full ? data.subarray(block * tile * width, (block + 1) * tile * width) : last);
}

/** Counts within a block that holds the pairs themselves, where the order of indices matters element by element. */
function countDiagonal(
  similarity: Float32Array,
  { tile, size, from, own, ties }: { tile: number; size: number; from: number; own: Float32Array; ties: Ties },
  imageToText: Int32Array,
  textToImage: Int32Array,
): void {
  const ahead = isAhead[ties];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      if (i === j) continue;
      const value = similarity[i * tile + j]!;
      const [row, column] = [own[from + i]!, own[from + j]!];
      if (value > row || (value === row && ahead(j, i))) imageToText[from + i]!++;
      if (value > column || (value === column && ahead(i, j))) textToImage[from + j]!++;
    }
  }
}

/** Adds how many values lie above the threshold of their row, and of their column. The hot loop: without branches. */
function countTile(
  similarity: Float32Array,
  tile: number,
  rows: Float32Array,
  columns: Float32Array,
  rowCounts: Int32Array,
  columnCounts: Int32Array,
): void {
  const width = columns.length;
  for (let i = 0; i < rows.length; i++) {
    const threshold = rows[i]!;
    const from = i * tile;
    let count = 0;
    for (let j = 0; j < width; j++) {
      const value = similarity[from + j]!;
      count += Number(value > threshold);
      columnCounts[j]! += Number(value > columns[j]!);
    }
    rowCounts[i]! += count;
  }
}

/** The largest float32 below a finite one. */
function nextBelow(value: number): number {
  if (value === 0) return -(2 ** -149);
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0]! += value > 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0]!;
}
