import { type RandomStream, uniform } from "../tensor/random.ts";
import { type BlurParameters, drawBlur, gaussianBlur } from "./intensity/blur.ts";
import { type BrightnessParameters, brightness, drawBrightness } from "./intensity/brightness.ts";
import { type ContrastParameters, contrast, drawContrast } from "./intensity/contrast.ts";
import { changeWindow, drawWindow, type WindowParameters } from "./intensity/ct-window.ts";
import { drawGamma, type GammaParameters, gamma } from "./intensity/gamma.ts";
import { drawLowResolution, type LowResolutionParameters, lowResolution } from "./intensity/low-resolution.ts";
import { drawNoise, gaussianNoise, type NoiseParameters } from "./intensity/noise.ts";
import { mirrorWords } from "./mirror-words.ts";
import { type AnnotationParameters, annotate, drawAnnotations } from "./overlay/annotations.ts";
import { drawFrame, type FrameParameters, frame } from "./overlay/frame.ts";
import { from } from "./ranges.ts";
import type { AugmentSettings } from "./settings.ts";
import type { SpatialParameters } from "./spatial/parameters.ts";
import { drawSpatial, spatial } from "./spatial/spatial.ts";
import type { Planes, Sample } from "./types.ts";

/** How a sample is augmented: plain data. null: the transform does not act. */
export interface Augmentation {
  readonly spatial: SpatialParameters | null;
  /** Whether texts and names of masks are mirrored with the image. */
  readonly words: boolean;
  readonly window: WindowParameters | null;
  readonly noise: NoiseParameters | null;
  readonly blur: BlurParameters | null;
  readonly brightness: BrightnessParameters | null;
  readonly contrast: ContrastParameters | null;
  readonly lowResolution: LowResolutionParameters | null;
  readonly invertedGamma: GammaParameters | null;
  readonly gamma: GammaParameters | null;
  /** The range to which values are clipped before anything is drawn over the image. */
  readonly clip: readonly [low: number, high: number] | null;
  readonly frame: FrameParameters | null;
  readonly annotations: AnnotationParameters | null;
}

/**
 * Draws how a sample is augmented in an epoch. It depends on the arguments alone, so neither the order of samples nor the number of workers
 * matters, and a run that resumes draws the same. Each transform has a stream of its own: settings of one do not change what others draw.
 *
 * @param key - of the sample
 * @param channels - channels that are drawn for separately, as nnU-Net does; default 1: all channels alike, so that gray stays gray
 */
export function drawAugmentation(settings: AugmentSettings, key: string, epoch: number, seed: number, channels = 1): Augmentation {
  const streamOf = (name: string): RandomStream => uniform(`augment/${name}/${epoch}/${key}`, seed);
  const drawn = <Name extends Transform, P>(name: Name, draw: (u: RandomStream, ranges: AugmentSettings[Name]) => P): P | null => {
    const u = streamOf(name);
    return u.at(0) < settings[name].probability ? draw(from(u, 1), settings[name]) : null;
  };
  return {
    spatial: unlessStill(drawSpatial(streamOf("spatial"), settings)),
    words: settings.mirror.words,
    window: drawn("window", drawWindow),
    noise: drawn("noise", drawNoise),
    blur: drawn("blur", (u, ranges) => drawBlur(u, ranges, channels)),
    brightness: drawn("brightness", (u, ranges) => drawBrightness(u, ranges, channels)),
    contrast: drawn("contrast", (u, ranges) => drawContrast(u, ranges, channels)),
    lowResolution: drawn("lowResolution", (u, ranges) => drawLowResolution(u, ranges, channels)),
    invertedGamma: drawn("invertedGamma", (u, ranges) => drawGamma(u, { ...ranges, inverted: true }, channels)),
    gamma: drawn("gamma", (u, ranges) => drawGamma(u, { ...ranges, inverted: false }, channels)),
    clip: settings.clip,
    frame: drawn("frame", drawFrame),
    annotations: drawn("annotations", drawAnnotations),
  };
}

/** The settings of transforms that act with one probability. */
type Transform = {
  [Name in keyof AugmentSettings]: AugmentSettings[Name] extends { readonly probability: number } ? Name : never;
}[keyof AugmentSettings];

function unlessStill(parameters: SpatialParameters): SpatialParameters | null {
  const { angle, scale, shift, elastic, mirror } = parameters;
  const acts = angle !== 0 || scale !== 1 || shift.some((part) => part !== 0) || elastic || mirror.horizontal || mirror.vertical;
  return acts ? parameters : null;
}

/**
 * Applies an augmentation, in nnU-Net's order: space, CT window, noise, blur, brightness, contrast, low resolution, gamma of the negative, gamma;
 * then the range is clipped, and frame and annotations are drawn over the image.
 *
 * @returns a new sample; what is not changed is shared with the given one, which is never changed
 */
export function augment<S extends Sample>(sample: S, augmentation: Augmentation): S {
  const { spatial: space, words, clip, ...parts } = augmentation;
  const moved = space ? spatial(sample, space) : sample;
  let { image } = moved;
  if (parts.window) image = changeWindow(image, parts.window);
  if (parts.noise) image = gaussianNoise(image, parts.noise);
  if (parts.blur) image = gaussianBlur(image, parts.blur);
  if (parts.brightness) image = brightness(image, parts.brightness);
  if (parts.contrast) image = contrast(image, parts.contrast);
  if (parts.lowResolution) image = lowResolution(image, parts.lowResolution);
  if (parts.invertedGamma) image = gamma(image, parts.invertedGamma);
  if (parts.gamma) image = gamma(image, parts.gamma);
  if (clip) image = clipped(image, clip);
  if (parts.frame) image = frame(image, parts.frame);
  if (parts.annotations) image = annotate(image, parts.annotations);
  const result = { ...moved, image };
  return space?.mirror.horizontal && words ? mirroredWords(result) : result;
}

function clipped(image: Planes, [low, high]: readonly [number, number]): Planes {
  const data = image.data.slice();
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    data[i] = value < low ? low : value > high ? high : value;
  }
  return { ...image, data };
}

function mirroredWords<S extends Sample>(sample: S): S {
  const { texts, masks } = sample;
  return {
    ...sample,
    ...(texts && { texts: texts.map(mirrorWords) }),
    ...(masks && { masks: masks.map((mask) => (mask.name === undefined ? mask : { ...mask, name: mirrorWords(mask.name) })) }),
  };
}
