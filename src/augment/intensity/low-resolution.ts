import { bilinear, skimageCubic } from "../../image/index.ts";
import { roundHalfEven } from "../../round-half-even.ts";
import type { RandomStream } from "../../tensor/random.ts";
import { between, type Range } from "../ranges.ts";
import { checkPlanes, type PerChannel, type Planes, planesWith } from "../types.ts";

export interface LowResolutionParameters {
  /** Size of the small image as a fraction of the image's; null: the channel stays as it is. */
  readonly zoom: PerChannel<number | null>;
  /** How it is enlarged again: linear as in nnU-Net 2.8.1, or by an interpolating cubic spline as in 2.1.1. Default linear. */
  readonly up?: "linear" | "cubic";
}

/** Draws whether a channel loses resolution, and by how much. A single channel always does. */
export function drawLowResolution(
  u: RandomStream,
  { zoom, channelProbability, up }: { readonly zoom: Range; readonly channelProbability: number; readonly up: "linear" | "cubic" },
  channels = 1,
): LowResolutionParameters {
  return {
    zoom: Array.from({ length: channels }, (_, c) =>
      channels === 1 || u.at(2 * c) < channelProbability ? between(zoom, u.at(2 * c + 1)) : null,
    ),
    up,
  };
}

/**
 * Simulates a scan of lower resolution: the image made smaller by nearest neighbour and enlarged again. For any range of values; a zoom of 1
 * changes nothing.
 *
 * @see SimulateLowResolutionTransform of batchgeneratorsv2; Zhou et al. 2018
 */
export function lowResolution(image: Planes, { zoom, up = "linear" }: LowResolutionParameters): Planes {
  checkPlanes(image, "lowResolution");
  const { height, width } = image;
  const result = { ...image, data: image.data.slice() };
  for (const [plane, factor] of planesWith(result, zoom, "lowResolution")) {
    if (factor === null) continue;
    const small = { height: Math.max(1, roundHalfEven(height * factor)), width: Math.max(1, roundHalfEven(width * factor)) };
    if (small.height === height && small.width === width) continue;
    const data = nearest(plane, image, small);
    plane.set((up === "cubic" ? skimageCubic : bilinear)({ ...small, data }, { height, width }).data);
  }
  return result;
}

interface Extent {
  readonly height: number;
  readonly width: number;
}

/** The pixels below the centres of those of a smaller plane. */
function nearest(plane: Float32Array, { height, width }: Extent, small: Extent): Float32Array {
  const columns = nearestOf(width, small.width);
  const rows = nearestOf(height, small.height);
  const out = new Float32Array(small.height * small.width);
  for (let y = 0, o = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++, o++) out[o] = plane[rows[y]! * width + columns[x]!]!;
  }
  return out;
}

const nearestOf = (length: number, size: number): Int32Array =>
  Int32Array.from({ length: size }, (_, i) => Math.min(length - 1, Math.floor(((i + 0.5) * length) / size)));
