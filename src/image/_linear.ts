/** For each output position of an axis, the two input positions to blend and the weight of the second. */
export interface LinearAxis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

/**
 * The axis whose output i lies at `position(i)` between the samples from `first` up to `end` (exclusive); positions beyond
 * the outermost samples take those (edge clamp).
 */
export function linearAxis(count: number, first: number, end: number, position: (i: number) => number): LinearAxis {
  const axis = { low: new Int32Array(count), high: new Int32Array(count), weight: new Float32Array(count) };
  const inside = (sample: number): number => Math.min(Math.max(sample, first), end - 1);
  for (let i = 0; i < count; i++) {
    const at = first + position(i);
    const low = Math.floor(at);
    axis.low[i] = inside(low);
    axis.high[i] = inside(low + 1);
    axis.weight[i] = at - low;
  }
  return axis;
}

/** The axis of the samples of pixels with `channels` samples each, so that inner loops need not know of channels. */
export function perSample({ low, high, weight }: LinearAxis, channels: number): LinearAxis {
  if (channels === 1) return { low, high, weight };
  const expand = (pixels: Int32Array): Int32Array =>
    Int32Array.from({ length: pixels.length * channels }, (_, i) => pixels[Math.floor(i / channels)]! * channels + (i % channels));
  const weights = Float32Array.from({ length: weight.length * channels }, (_, i) => weight[Math.floor(i / channels)]!);
  return { low: expand(low), high: expand(high), weight: weights };
}

/**
 * Blends along rows, then along columns, rounding to float32 after each.
 * Each input row is blended once, however many output rows it takes part in.
 *
 * @param data - row-major, `rowLength` samples a row
 * @returns [y, x]
 */
export function blend(data: Float32Array, rowLength: number, x: LinearAxis, y: LinearAxis): Float32Array<ArrayBuffer> {
  const width = x.low.length;
  const height = y.low.length;
  const out = new Float32Array(width * height);
  let above = { row: -1, values: new Float32Array(width) };
  let below = { row: -1, values: new Float32Array(width) };
  const fill = (line: typeof above, row: number): void => {
    if (line.row === row) return;
    line.row = row;
    const { low, high, weight } = x;
    for (let i = 0, start = row * rowLength; i < width; i++) {
      const w = weight[i]!;
      line.values[i] = data[start + low[i]!]! * (1 - w) + data[start + high[i]!]! * w;
    }
  };
  for (let j = 0; j < height; j++) {
    if (below.row === y.low[j]) [above, below] = [below, above];
    fill(above, y.low[j]!);
    fill(below, y.high[j]!);
    const a = above.values;
    const b = below.values;
    const w = y.weight[j]!;
    for (let i = 0, o = j * width; i < width; i++) out[o + i] = a[i]! * (1 - w) + b[i]! * w;
  }
  return out;
}

/**
 * `blend` of 8-bit values with weights of 11 bits, as OpenCV does it.
 *
 * Rows are blended to 19 bits (8 of the value, 11 of the weight). Blending columns drops 4 bits before multiplying and 16
 * after it, so that 2 bits are left to round.
 */
export function blendBytes(data: Uint8Array, rowLength: number, x: LinearAxis, y: LinearAxis): Uint8Array<ArrayBuffer> {
  const width = x.low.length;
  const height = y.low.length;
  const weightX = Int32Array.from(x.weight, elevenBits);
  const weightY = Int32Array.from(y.weight, elevenBits);
  const out = new Uint8Array(width * height);
  for (let j = 0; j < height; j++) {
    const above = y.low[j]! * rowLength;
    const below = y.high[j]! * rowLength;
    const w = weightY[j]!;
    for (let i = 0; i < width; i++) {
      const [low, high, v] = [x.low[i]!, x.high[i]!, weightX[i]!];
      const a = data[above + low]! * (2048 - v) + data[above + high]! * v;
      const b = data[below + low]! * (2048 - v) + data[below + high]! * v;
      out[j * width + i] = ((((2048 - w) * (a >> 4)) >> 16) + ((w * (b >> 4)) >> 16) + 2) >> 2;
    }
  }
  return out;
}

/** weight · 2¹¹, rounded half to even; the weight of the other sample is then exactly the rest. */
function elevenBits(weight: number): number {
  const scaled = weight * 2048;
  const low = Math.floor(scaled);
  return scaled - low > 0.5 || (scaled - low === 0.5 && low % 2 === 1) ? low + 1 : low;
}
