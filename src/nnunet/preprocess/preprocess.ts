import type { Planes } from "../../augment/index.ts";
import { ConfigError, ShapeError } from "../../errors.ts";
import { type Box, type LabelRule, type Size, skimageCubic, skimageLabels } from "../../image/index.ts";

import type { Plans } from "../plan/types.ts";
import { cropToNonZero } from "./crop.ts";
import { type ChannelNormalisation, normalise } from "./normalise.ts";
import { resampledSize, type Spacing } from "./resampled-size.ts";

/** A case as its files hold it. */
export interface RawCase {
  readonly image: Planes;
  /** Millimetres a pixel; [1, 1] for pictures, whose files do not tell. */
  readonly spacing: Spacing;
  /** Label of each pixel [H, W]; absent for cases to predict. */
  readonly labels?: Int16Array | undefined;
}

/** What preprocessing did to a case, from which a prediction is brought back to the original image. */
export interface CaseProperties {
  /** Of the original image. */
  readonly sizeBeforeCrop: Size;
  /** The part of the original image that was kept. */
  readonly box: Box;
  /** Of the original image. */
  readonly spacing: Spacing;
}

/** A case ready for the network. */
export interface PreprocessedCase extends Planes {
  /** Normalised and resampled [C, H, W]. */
  readonly data: Float32Array;
  /** [H, W]; -1 outside of the body. */
  readonly labels: Int16Array;
  readonly properties: CaseProperties;
}

/** What preprocessing needs to know of the plans. */
export interface PreprocessSettings {
  readonly channels: readonly ChannelNormalisation[];
  /** Spacing to resample to. */
  readonly spacing: Spacing;
  /** Default "largest"; "half" is that of nnU-Net 2.1.1 with the batchgenerators of its time. */
  readonly labelRule?: LabelRule;
}

/** How plans want cases. */
export function preprocessSettingsOf({ plan2d, intensities }: Pick<Plans, "plan2d" | "intensities">): PreprocessSettings {
  const channels = plan2d.normalisation.map((scheme, c) => ({ scheme, useMask: plan2d.useMaskForNorm[c]!, intensities: intensities[c] }));
  return { channels, spacing: plan2d.spacing };
}

/**
 * Preprocesses a case as nnU-Net does: cut to the non-zero part, normalise, resample to the spacing of the plans (image by cubic spline, labels by
 * linear interpolation of their indicators).
 *
 * @throws ShapeError when the image has another number of channels than the plans, or labels of another size
 * @throws ConfigError when a spacing is not positive
 * @see Isensee et al. 2021, nnU-Net
 */
export function preprocess({ image, spacing, labels }: RawCase, settings: PreprocessSettings): PreprocessedCase {
  const { channels } = image;
  if (channels !== settings.channels.length) {
    throw new ShapeError(`preprocess: the plans are for images of ${settings.channels.length} channels, got ${channels}`);
  }
  for (const value of [...spacing, ...settings.spacing]) {
    if (!(value > 0 && Number.isFinite(value))) {
      throw new ConfigError(`preprocess: spacings must be positive numbers of mm, got [${spacing}] for [${settings.spacing}]`);
    }
  }
  const cropped = cropToNonZero(image, labels);
  const data = normalise(cropped.image.data, cropped.labels, settings.channels);
  const properties = { sizeBeforeCrop: { width: image.width, height: image.height }, box: cropped.box, spacing };
  const from = cropped.image;
  const size = resampledSize(from, spacing, settings.spacing);
  if (size.width === from.width && size.height === from.height) return { ...from, data, labels: cropped.labels, properties };
  return {
    channels,
    ...size,
    data: resamplePlanes({ ...from, data }, size),
    labels: skimageLabels({ ...from, data: cropped.labels }, size, settings.labelRule).data,
    properties,
  };
}

function resamplePlanes({ channels, width, height, data }: Planes, size: Size): Float32Array {
  const [pixels, resampled] = [width * height, size.width * size.height];
  const out = new Float32Array(channels * resampled);
  for (let c = 0; c < channels; c++) {
    out.set(skimageCubic({ width, height, data: data.subarray(c * pixels, (c + 1) * pixels) }, size).data, c * resampled);
  }
  return out;
}
