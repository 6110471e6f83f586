import { ConfigError, InputError, throwIfCancelled } from "../../errors.ts";
import type { LabelMap } from "../../image/class-maps.ts";
import type { Box } from "../../image/types.ts";
import { uniform } from "../../tensor/random.ts";
import { type ImageArray, nonZeroBox } from "../non-zero-box.ts";
import { counted, merged, type WeightedValues, weightedPercentile } from "./distribution.ts";
import { median } from "./numpy.ts";
import type { Fingerprint, IntensityProperties, Triple } from "./types.ts";

/** A training case as the fingerprint needs it: arrays and spacing, wherever they come from. */
export interface FingerprintCase extends ImageArray {
  readonly name: string;
  readonly labels: Pick<LabelMap, "data">;
  /** Millimetres per pixel [row, column]; undefined for pictures, which have none. */
  readonly spacing?: readonly [row: number, column: number] | undefined;
}

export interface FingerprintOptions {
  /** Of the samples. Default 1234. */
  readonly seed?: number | undefined;
  /** Values kept for percentiles, of all cases together, where images have more distinct values than that. Default 4 million. */
  readonly samples?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Values of 8 and 16 bits are always all kept. */
const wholeValues = 65536;

/** Thickness that nnU-Net gives to 2D images, in the larger spacing of their pixels, so that they are never taken for fine volumes. */
const sliceSpacing = 999;

/**
 * What planning needs to know of a training set: sizes and spacings after the crop to what is not zero, and intensities of the foreground, where each case
 * counts alike whatever its size.
 *
 * nnU-Net draws 10^8 foreground values with replacement. Mean, standard deviation and range are exact here, as are percentiles, unless a case has more
 * distinct values than its share of `samples` (images of fractions): then that many are drawn with the seed, for percentiles alone.
 *
 * @param cases - each is loaded, used and dropped before the next; undefined: the caller leaves it out
 * @throws InputError when no case is left or has foreground, or what loading throws; ConfigError without cases, or if their channels differ
 * @throws CancelledError when the signal has fired
 * @example await fingerprintOf(dataset.cases.map((files) => () => readTrainingCase(files, dataset)));
 */
export async function fingerprintOf(
  cases: readonly (() => Promise<FingerprintCase | undefined>)[],
  options: FingerprintOptions = {},
): Promise<Fingerprint> {
  const { seed = 1234, samples = 4_000_000, signal } = options;
  if (cases.length === 0) throw new ConfigError("fingerprintOf: there must be at least one case");
  const share = Math.max(Math.floor(samples / cases.length), 1);
  const shapes: Triple[] = [];
  const spacings: Triple[] = [];
  const relativeSizes: number[] = [];
  let intensities: Intensities[] | undefined;
  for (const [index, load] of cases.entries()) {
    throwIfCancelled(signal);
    const image = await load();
    if (!image) continue;
    const { width, height, channels, spacing } = image;
    const box = nonZeroBox(image);
    const [rows, columns] = [box.y1 - box.y0, box.x1 - box.x0];
    shapes.push([1, rows, columns]);
    spacings.push(spacing === undefined ? [sliceSpacing, 1, 1] : [sliceSpacing * Math.max(...spacing), ...spacing]);
    relativeSizes.push((rows * columns) / (width * height));
    intensities ??= Array.from({ length: channels }, () => new Intensities());
    if (intensities.length !== channels) {
      throw new ConfigError(
        `fingerprintOf: "${image.name}" has ${channels} channels, cases before it ${intensities.length}; all must have the same.`,
      );
    }
    for (const [channel, collected] of intensities.entries()) {
      const values = foregroundOf(image, box, channel);
      if (values.length > 0) collected.add(values, share, `fingerprint/${index}/${channel}`, seed);
    }
  }
  if (!intensities) throw new InputError("No training case can be used.");
  return { shapes, spacings, relativeSize: median(relativeSizes), intensities: intensities.map((collected) => collected.properties()) };
}

/** The values of a channel inside the box where the label is above 0; the ignore label counts, too. */
function foregroundOf({ width, height, data, labels }: FingerprintCase, { x0, y0, x1, y1 }: Box, channel: number): Float32Array {
  const values = new Float32Array((x1 - x0) * (y1 - y0));
  let count = 0;
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const at = y * width + x;
      if (labels.data[at]! > 0) values[count++] = data[channel * width * height + at]!;
    }
  }
  return values.subarray(0, count);
}

/** Intensities of one channel over the cases, each of weight 1. */
class Intensities {
  private readonly means: number[] = [];
  private readonly variances: number[] = [];
  private distribution: WeightedValues = { values: new Float32Array(), weights: new Float64Array() };
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;

  /** @param values - at least one; they are sorted in place. @param share - the number of distinct values that may be kept */
  add(values: Float32Array, share: number, name: string, seed: number): void {
    values.sort();
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    this.means.push(mean);
    this.variances.push(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    this.min = Math.min(this.min, values[0]!);
    this.max = Math.max(this.max, values.at(-1)!);
    const all = counted(values);
    const isKept = all.values.length <= (values.every(Number.isInteger) ? Math.max(share, wholeValues) : share);
    const kept = isKept ? all : counted(drawn(values, share, name, seed).sort());
    this.distribution = merged(this.distribution, kept, 1 / (isKept ? values.length : share));
  }

  /** @throws InputError when there were no values */
  properties(): IntensityProperties {
    const { means, variances, distribution, min, max } = this;
    if (means.length === 0)
      throw new InputError(
        "No training case has foreground: all label files are 0, or only where images are cropped. Check the label files.",
      );
    const average = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const mean = average(means);
    return {
      mean,
      median: weightedPercentile(distribution, 50),
      min,
      max,
      std: Math.sqrt(average(variances.map((variance, i) => variance + (means[i]! - mean) ** 2))),
      percentile_00_5: weightedPercentile(distribution, 0.5),
      percentile_99_5: weightedPercentile(distribution, 99.5),
    };
  }
}

/** Values drawn with replacement. */
function drawn(values: Float32Array, count: number, name: string, seed: number): Float32Array {
  const numbers = uniform(name, seed);
  return Float32Array.from({ length: count }, (_, i) => values[Math.floor(numbers.at(i) * values.length)]!);
}
