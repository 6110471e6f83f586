import { z } from "zod";

const probability = () => z.number().min(0).max(1).default(0).describe("probability that it acts on a sample");

const isOrdered = ([low, high]: readonly [number, number]): boolean => low <= high;
/** A range with its default; the bounds of its values are those of `value`. */
const range = (low: number, high: number, value: z.ZodNumber = z.number()) =>
  z.tuple([value, value]).refine(isOrdered, "the first value must not exceed the second").default([low, high]);

const positive = z.number().positive();
const fraction = z.number().min(0).max(1);

/** A transform: an object whose settings all have defaults. */
const transform = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape).prefault({} as never);

const gamma = () => ({
  probability: probability(),
  gamma: range(0.7, 1.5, positive).describe("exponents: below or above 1, half each"),
});

/**
 * Settings of the augmentation of training images; nothing acts by default. Ranges are those of nnU-Net where it has the transform. Levels and
 * standard deviations are in the image's values, with defaults for 8-bit levels.
 */
export const AugmentSettings = z.strictObject({
  rotation: transform({
    probability: probability(),
    degrees: range(-180, 180).describe("angles, clockwise").meta({ unit: "degrees" }),
  }),
  scale: transform({
    probability: probability(),
    factor: range(0.7, 1.4, positive).describe("image pixels per pixel of the result: above 1 the content gets smaller"),
  }),
  shift: transform({
    probability: probability(),
    fraction: range(-0.1, 0.1).describe("along each axis, as a fraction of the side"),
  }),
  elastic: transform({
    probability: probability(),
    amplitude: range(0, 0.02, fraction).describe(
      "standard deviation of the displacement as a fraction of the shorter side; U-Net: 10 of 512 pixels",
    ),
    cells: z.number().positive().max(64).default(3).describe("lengths of correlation along a side; U-Net: 3"),
  }),
  mirror: transform({
    horizontal: probability().describe("probability of exchanging left and right"),
    vertical: probability().describe("probability of exchanging top and bottom"),
    words: z.boolean().default(true).describe("exchange left and right in texts and in names of masks with the image"),
  }),
  interpolation: z.enum(["linear", "cubic"]).default("linear").describe("of images; cubic as in nnU-Net 2.1.1"),
  border: z
    .union([z.number(), z.literal("edge")])
    .default(0)
    .describe("value outside of the image; edge: its edge pixels are repeated, in masks too"),
  labelBorder: z.number().int().default(0).describe("label outside of the image; nnU-Net: -1"),
  window: transform({
    probability: probability().describe("probability of another CT window; only for 8-bit renderings of CT"),
    centre: z.number().default(40).describe("centre of the window with which images were rendered").meta({ unit: "HU" }),
    width: positive.default(400).describe("width of that window").meta({ unit: "HU" }),
    shift: range(-0.1, 0.1).describe("by which the centre moves, as a fraction of the width"),
    stretch: range(0.8, 1.25, positive).describe("factor of the width"),
  }),
  noise: transform({
    probability: probability(),
    sigma: range(0, 6, z.number().nonnegative()).describe("standard deviation; nnU-Net: 0 to 0.1 of z-scored images"),
    perChannel: z.boolean().default(false).describe("each channel has noise of its own"),
  }),
  blur: transform({
    probability: probability(),
    sigma: range(0.5, 1, z.number().nonnegative()).describe("standard deviation").meta({ unit: "pixels" }),
    channelProbability: fraction.default(0.5).describe("probability of each channel, where channels are drawn for separately"),
  }),
  brightness: transform({
    probability: probability(),
    factor: range(0.75, 1.25, positive).describe("factors: below or above 1, half each"),
  }),
  contrast: transform({
    probability: probability(),
    factor: range(0.75, 1.25, positive).describe("factors: below or above 1, half each"),
  }),
  lowResolution: transform({
    probability: probability(),
    zoom: range(0.5, 1, positive.max(1)).describe("size of the small image as a fraction"),
    channelProbability: fraction.default(0.5).describe("probability of each channel, where channels are drawn for separately"),
    up: z.enum(["linear", "cubic"]).default("linear").describe("how it is enlarged again; cubic as in nnU-Net 2.1.1"),
  }),
  invertedGamma: transform(gamma()),
  gamma: transform(gamma()),
  clip: z
    .tuple([z.number(), z.number()])
    .refine(isOrdered, "the first value must not exceed the second")
    .nullable()
    .default([0, 255])
    .describe("range to which values are clipped in the end; null for images that are not 8-bit levels"),
  frame: transform({
    probability: probability(),
    margin: range(0.01, 0.12, fraction).describe("widths of margins as a fraction of the side"),
    radius: range(0.05, 0.3, fraction).describe("radius of rounded corners as a fraction of the shorter side"),
    level: range(0, 128).describe("value of the margins, the lowest half of the time"),
  }),
  annotations: transform({
    probability: probability(),
    most: z.number().int().positive().default(3).describe("largest number of texts, rulers and calipers"),
    dot: range(0.003, 0.008, fraction).describe("side of a dot as a fraction of the shorter side"),
    level: range(160, 255).describe("value of the dots"),
  }),
});
export type AugmentSettings = z.infer<typeof AugmentSettings>;

/**
 * Presets for 8-bit levels. None changes the CT window, as only the user knows with which one images were rendered; `light` does not mirror, as the
 * side of an organ carries meaning.
 */
export const augmentPresets = {
  none: AugmentSettings.parse({}),
  light: AugmentSettings.parse({
    rotation: { probability: 0.5, degrees: [-10, 10] },
    scale: { probability: 0.5, factor: [0.9, 1.1] },
    shift: { probability: 0.5, fraction: [-0.05, 0.05] },
    noise: { probability: 0.1 },
    blur: { probability: 0.1 },
    brightness: { probability: 0.15, factor: [0.85, 1.15] },
    contrast: { probability: 0.15, factor: [0.85, 1.15] },
    gamma: { probability: 0.3, gamma: [0.8, 1.25] },
  }),
  /** nnU-Net's probabilities of intensity transforms, and more; brightness reaches as far down as CT in a wide window. */
  strong: AugmentSettings.parse({
    rotation: { probability: 0.5, degrees: [-30, 30] },
    scale: { probability: 0.5, factor: [0.7, 1.4] },
    shift: { probability: 0.5 },
    elastic: { probability: 0.3 },
    mirror: { horizontal: 0.5 },
    noise: { probability: 0.2, sigma: [0, 12] },
    blur: { probability: 0.2, sigma: [0.5, 1.5] },
    brightness: { probability: 0.3, factor: [0.3, 1.4] },
    contrast: { probability: 0.15 },
    lowResolution: { probability: 0.25 },
    invertedGamma: { probability: 0.1 },
    gamma: { probability: 0.3 },
    frame: { probability: 0.15 },
    annotations: { probability: 0.15 },
  }),
} as const satisfies Record<string, AugmentSettings>;
export type AugmentPreset = keyof typeof augmentPresets;
