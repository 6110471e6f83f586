import { type Augmentation, AugmentSettings, augment, drawAugmentation, spatial } from "../../augment/index.ts";
import { type RandomStream, uniform } from "../../tensor/random.ts";
import type { Crop } from "./crop.ts";
import { type Extent, largestRotation } from "./patches.ts";

/**
 * Whose augmentation, and whose rules elsewhere:
 *
 * - `paper`: nnU-Net 2.8.1
 * - `reference`: nnU-Net 2.1.1, on which MedCLIP-SAMv2's code rests
 */
export type AugmentationMode = "paper" | "reference";

/** How a crop becomes a patch. */
export interface PatchAugmentation {
  /** Rotation and scale. null: neither acts, and the patch is the middle of the crop. */
  readonly space: { readonly angle: number; readonly scale: number } | null;
  readonly intensity: Augmentation;
  readonly mirror: { readonly horizontal: boolean; readonly vertical: boolean };
}

const blurProbability = 0.2;
const lowResolutionProbability = 0.25;
const channelProbability = 0.5;
const spatialProbability = 0.2;
const scales = [0.7, 1.4] as const;

/** nnU-Net's probabilities and ranges of what changes intensities; the draws of a channel by itself are `channelProbability`'s. */
function intensitySettings(channels: number, mode: AugmentationMode): AugmentSettings {
  // The transforms of one channel always act on it; nnU-Net draws for it, too.
  const share = channels === 1 ? channelProbability : 1;
  return AugmentSettings.parse({
    noise: { probability: 0.1, sigma: [0, 0.1] },
    blur: { probability: blurProbability * share, sigma: [0.5, 1], channelProbability },
    brightness: { probability: 0.15, factor: [0.75, 1.25] },
    contrast: { probability: 0.15, factor: [0.75, 1.25] },
    lowResolution: {
      probability: lowResolutionProbability * share,
      zoom: [0.5, 1],
      channelProbability,
      up: mode === "reference" ? "cubic" : "linear",
    },
    invertedGamma: { probability: 0.1, gamma: [0.7, 1.5] },
    gamma: { probability: 0.3, gamma: [0.7, 1.5] },
    clip: null,
  });
}

/** Draws the augmentation of patches of one size. */
export class PatchAugmenter {
  private readonly settings: AugmentSettings;
  private readonly patch: Extent;
  private readonly channels: number;
  private readonly mode: AugmentationMode;

  constructor({ patch, channels, mode }: { readonly patch: Extent; readonly channels: number; readonly mode: AugmentationMode }) {
    this.settings = intensitySettings(channels, mode);
    this.patch = patch;
    this.channels = channels;
    this.mode = mode;
  }

  /** The augmentation of an item of the batch of a step; it depends on these and the seed alone. */
  draw(step: number, item: number, seed: number): PatchAugmentation {
    const key = `patch ${item}`;
    const intensity = drawAugmentation(this.settings, key, step, seed, this.channels);
    const space = this.drawSpace(uniform(`augment/patch/${step}/${key}`, seed));
    const mirrored = uniform(`augment/mirror/${step}/${key}`, seed);
    const mirror = { horizontal: mirrored.at(0) < 0.5, vertical: mirrored.at(1) < 0.5 };
    return { space, intensity: this.mode === "reference" ? olderBlur(intensity) : intensity, mirror };
  }

  /** Turned and scaled around its middle, or its middle; then the intensities, and mirrored in the end. */
  apply(crop: Crop, { space, intensity, mirror }: PatchAugmentation): Crop {
    const size = { height: this.patch[0], width: this.patch[1] };
    const still = { angle: 0, scale: 1, shift: [0, 0], elastic: null, border: 0, labelBorder: -1 } as const;
    const moved = space
      ? spatial(
          { image: crop.image, labels: [crop.labels] },
          {
            ...still,
            ...space,
            mirror: { horizontal: false, vertical: false },
            interpolation: this.mode === "reference" ? "cubic" : "linear",
          },
          size,
        )
      : middleOf(crop, this.patch);
    const changed = augment(moved, intensity);
    if (!mirror.horizontal && !mirror.vertical) return { image: changed.image, labels: changed.labels[0]! };
    const { image, labels } = spatial(changed, { ...still, mirror, interpolation: "linear" });
    return { image, labels: labels[0]! };
  }

  private drawSpace(u: RandomStream): PatchAugmentation["space"] {
    const [turns, scales] = [u.at(0) < spatialProbability, u.at(2) < spatialProbability];
    if (!turns && !scales) return null;
    const largest = largestRotation(this.patch);
    // The older library turns the other way.
    const sign = this.mode === "reference" ? -1 : 1;
    const angle = turns ? (sign * (2 * u.at(1) - 1) * largest * Math.PI) / 180 : 0;
    return { angle, scale: scales ? scaleAt(u.at(3), u.at(4), this.mode) : 1 };
  }
}

/** Uniform in the whole range; in the older library below or above 1, half each. */
function scaleAt(u: number, half: number, mode: AugmentationMode): number {
  const [low, high] = mode === "paper" ? scales : half < 0.5 ? [scales[0], 1] : [1, scales[1]];
  return low + (high - low) * u;
}

/** The older library's blur: its kernel, and one standard deviation for both axes. */
function olderBlur(augmentation: Augmentation): Augmentation {
  const { blur } = augmentation;
  return { ...augmentation, blur: blur && { as: "scipy", sigma: blur.sigma.map((sigma) => sigma && [sigma[0], sigma[0]]) } };
}

/** The part of a size around the middle of a crop. */
function middleOf({ image, labels }: Crop, [rows, columns]: Extent): { image: Crop["image"]; labels: [Crop["labels"]] } {
  const [top, left] = [Math.floor((image.height - rows) / 2), Math.floor((image.width - columns) / 2)];
  const data = new Float32Array(image.channels * rows * columns);
  const map = new Int16Array(rows * columns);
  for (let c = 0; c < image.channels; c++) {
    for (let y = 0; y < rows; y++) {
      const from = (c * image.height + top + y) * image.width + left;
      data.set(image.data.subarray(from, from + columns), (c * rows + y) * columns);
    }
  }
  for (let y = 0; y < rows; y++) {
    const from = (top + y) * image.width + left;
    map.set(labels.data.subarray(from, from + columns), y * columns);
  }
  return { image: { ...image, height: rows, width: columns, data }, labels: [{ height: rows, width: columns, data: map }] };
}
