import { ShapeError } from "../errors.ts";
import {
  compile,
  concat,
  constant,
  div,
  exp,
  expand,
  input,
  matmul,
  mul,
  reduceSum,
  slice,
  sqrt,
  swapLast,
  thresholdedRelu,
  type Value,
} from "../graph/index.ts";
import { type Box, bilinear, type Raster, type SaliencyMap } from "../image/index.ts";
import type { SessionOptions } from "../runtime/session.ts";
import { SessionCache } from "../runtime/session-cache.ts";
import { tensor } from "../tensor/tensor.ts";
import { logitsOfImage } from "./postprocess.ts";
import type { ImageEmbedding } from "./predictor.ts";

/** γ: how many times its mean is taken from the similarity, so that what is like everything else does not count. */
const subtracted = 1.2;
/** β: what remains is multiplied by this before the softmax. */
const sharpness = 3;
/** Rows of the similarity that are computed at once: [512, 4096] float32 are 8 MB, which stay in the cache of most processors. */
const rowsAtOnce = 512;
/** Grids of images of different shapes have sessions of their own. */
const keptSessions = 2;

/**
 * Spreads a saliency map over the places of an image that look alike to SAM: the value of a place becomes a mean over similar places.
 *
 *   s_ij = cos(f_i, f_j),   t = β (s - γ mean(s)),   value_i = Σ_j m_j e^t_ij [t_ij > 0] / Σ_j e^t_ij [t_ij > 0]
 *
 * with SAM's image embedding f (the image's part of the grid, not the padding), γ = 1.2 and β = 3. A place that is like no other, not even
 * itself by this measure, keeps its value. The map's peaks become lower: stretch it again where its range matters.
 *
 * @see Lan et al. 2024 (ProxyCLIP), arXiv:2408.04883, for the normalization and masking of this attention; Simple-ViLMedSAM (CVPR 2026) for its
 *   use on saliency maps
 */
export class SamAffinity {
  private readonly options: SessionOptions;
  private readonly sessions = new SessionCache(keptSessions);

  constructor(options: SessionOptions = {}) {
    this.options = options;
  }

  /**
   * @param map - of the size of the image
   * @param embedding - of the same image
   * @param window - the part of the map that counts, in pixels; outside the result is 0. Default: all of it
   * @throws ShapeError when the map does not have the size of the image
   */
  async spread(map: SaliencyMap, { values, size, resized, side }: ImageEmbedding, window?: Box): Promise<SaliencyMap> {
    if (map.width !== size.width || map.height !== size.height) {
      throw new ShapeError(`SamAffinity: the map is ${map.width} x ${map.height}, the image ${size.width} x ${size.height}`);
    }
    const grid = values.shape.at(-1)!;
    const cell = side / grid;
    const part = window ?? { x0: 0, y0: 0, x1: size.width, y1: size.height };
    const columns = cellsOf(part.x0, part.x1, size.width / resized.width, cell);
    const rows = cellsOf(part.y0, part.y1, size.height / resized.height, cell);
    const means = meansOf(bilinear(map, resized), columns, rows);
    const feeds = {
      features: tensor("float32", [means.length, values.shape[1]!], featuresOf(values.data, grid, columns, rows)),
      map: tensor("float32", [means.length, 1], means),
    };
    const graph = () => weightedSums(input("features", "float32", feeds.features.shape), input("map", "float32", feeds.map.shape));
    const open = () => compile({ sums: graph() }, this.options);
    const { sums } = await this.sessions.use(`${feeds.features.shape}`, open, (session) => session.run(feeds));
    const spread = Float32Array.from(means, (own, i) => {
      const [sum, weight] = [sums!.data[2 * i] as number, sums!.data[2 * i + 1] as number];
      return weight > 0 ? sum / weight : own;
    });
    const whole = beyond(spread, grid, columns.length, rows.length, columns[0]!.at, rows[0]!.at);
    const placed = logitsOfImage(whole, { size, resized, side });
    if (window !== undefined) clearOutside(placed, window);
    return placed;
  }

  async dispose(): Promise<void> {
    await this.sessions.dispose();
  }
}

/** A cell of the embedding's grid along an axis: its place, and its pixels of the resized image within the window. */
interface Cell {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** The cells whose centres lie in the window; at least the one at its middle. @param scale - pixels of the image in one of the resized image */
function cellsOf(start: number, end: number, scale: number, cell: number): Cell[] {
  const [from, to] = [start / scale, end / scale];
  const [first, next] = [Math.ceil(from / cell - 0.5), Math.ceil(to / cell - 0.5)];
  const places = next > first ? Array.from({ length: next - first }, (_, i) => first + i) : [Math.floor((from + to) / 2 / cell)];
  return places.map((at) => {
    const left = Math.max(Math.floor(at * cell), Math.floor(from));
    return { at, from: left, to: Math.max(left + 1, Math.min(Math.ceil((at + 1) * cell), Math.ceil(to))) };
  });
}

/** Mean of the map in each cell, row by row. */
function meansOf(
  { width, height, data }: Raster<Float32Array>,
  columns: readonly Cell[],
  rows: readonly Cell[],
): Float32Array<ArrayBuffer> {
  const means = new Float32Array(columns.length * rows.length);
  for (const [r, row] of rows.entries()) {
    for (const [c, column] of columns.entries()) {
      let [sum, count] = [0, 0];
      for (let y = row.from; y < Math.min(row.to, height); y++) {
        for (let x = column.from; x < Math.min(column.to, width); x++, count++) sum += data[y * width + x]!;
      }
      means[r * columns.length + c] = sum / Math.max(1, count);
    }
  }
  return means;
}

/** The features of some cells [N, C] of an embedding [1, C, g, g]. */
function featuresOf(embedding: Float32Array, grid: number, columns: readonly Cell[], rows: readonly Cell[]): Float32Array<ArrayBuffer> {
  const channels = embedding.length / grid ** 2;
  const features = new Float32Array(rows.length * columns.length * channels);
  let n = 0;
  for (const row of rows) {
    for (const column of columns) {
      for (let c = 0, i = row.at * grid + column.at; c < channels; c++, i += grid ** 2) features[n++] = embedding[i]!;
    }
  }
  return features;
}

/** A part of a grid [g, g] continued over all of it by its edges. */
function beyond(part: Float32Array, grid: number, width: number, height: number, left: number, top: number): Float32Array {
  const within = (i: number, count: number) => Math.min(Math.max(i, 0), count - 1);
  return Float32Array.from({ length: grid ** 2 }, (_, i) => {
    return part[within(Math.floor(i / grid) - top, height) * width + within((i % grid) - left, width)]!;
  });
}

/** Sets what lies outside a window to 0. */
function clearOutside({ width, height, data }: Raster<Float32Array>, { x0, y0, x1, y1 }: Box): void {
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    if (y < y0 || y >= y1) row.fill(0);
    else {
      row.fill(0, 0, x0);
      row.fill(0, x1);
    }
  }
}

/** [N, C] and [N, 1] to [N, 2]: the weighted sum of the map's values and the sum of the weights. */
function weightedSums(features: Value, map: Value): Value {
  const [count] = features.shape as [number, number];
  const ones = constant(tensor("float32", [count, 1], new Float32Array(count).fill(1)));
  const unit = div(features, sqrt(reduceSum(mul(features, features), [1], { keepDims: true }))); // [N, C]
  const total = reduceSum(unit, [0], { keepDims: true }); // [1, C]: its square is the sum of all similarities
  const mean = mul(reduceSum(mul(total, total), [1], { keepDims: true }), 1 / count ** 2); // [1, 1]
  // One more channel subtracts the mean within the product.
  const queries = concat([unit, ones], 1); // [N, C + 1]
  const keys = concat([swapLast(mul(unit, sharpness)), expand(mul(mean, -subtracted * sharpness), [1, count])], 0); // [C + 1, N]
  const values = concat([map, ones], 1); // [N, 2]
  const parts: Value[] = [];
  for (let row = 0; row < count; row += rowsAtOnce) {
    const logits = matmul(slice(queries, 0, row, Math.min(row + rowsAtOnce, count)), keys); // [R, N]
    parts.push(matmul(thresholdedRelu(exp(logits), 1), values)); // [R, 2]
  }
  return concat(parts, 0);
}
