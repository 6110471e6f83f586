import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { readJson } from "../files/read-json.ts";
import { type BiomedClipConfig, biomedClipPresets } from "../models/biomedclip/index.ts";
import { type SamConfig, samPresets } from "../models/sam/index.ts";

const count = z.number().int().positive();

/** Widths must be whole numbers of heads, and images of patches. */
const divides = (part: number, whole: number) => whole % part === 0;

const ClipSizes = z
  .strictObject({
    imageSize: count,
    patch: count,
    width: count,
    depth: count.min(2),
    heads: count,
    mlpWidth: count.optional(),
    embed: count,
    dense: z.strictObject({ channels: z.array(count).min(1), stride: count }).optional(),
    text: z.strictObject({ width: count, depth: count, heads: count, mlpWidth: count.optional(), positions: count }),
  })
  .refine(({ imageSize, patch }) => divides(patch, imageSize), { error: "patch must divide imageSize" })
  .refine(({ patch, dense }) => !dense || 2 ** dense.channels.length === patch, {
    error: "dense.channels must have one number for each halving of the image down to a patch (4 for patches of 16)",
  })
  .refine(({ patch, dense }) => !dense || (dense.stride >= 2 && dense.stride <= patch && Number.isInteger(Math.log2(dense.stride))), {
    error: "dense.stride must be a power of 2, from 2 to the size of a patch",
  })
  .refine(({ width, heads, text }) => divides(heads, width) && divides(text.heads, text.width), { error: "heads must divide width" });

const SamSizes = z
  .strictObject({
    imageSize: count,
    patch: count,
    width: count,
    depth: count,
    heads: count,
    mlpWidth: count.optional(),
    globalBlocks: z.array(z.number().int().nonnegative()),
    window: count,
    outChannels: count.multipleOf(8),
    decoder: z.strictObject({ innerWidth: count.multipleOf(8), mlpWidth: count, iouWidth: count }),
  })
  .refine(({ imageSize, patch }) => divides(patch, imageSize), { error: "patch must divide imageSize" })
  .refine(({ width, heads }) => divides(heads, width), { error: "heads must divide width" });

const Sizes = z.union([z.strictObject({ clip: ClipSizes }), z.strictObject({ sam: SamSizes })]);

/**
 * The sizes of a model to make, from a JSON file with one key, `clip` or `sam`; what it does not tell is as in the published models.
 *
 * @example {"clip": {"imageSize": 112, "patch": 8, "width": 128, "depth": 6, "heads": 4, "embed": 128, "text": {"width": 128, "depth": 2, "heads": 4, "positions": 64}}}
 * @example {"sam": {"imageSize": 256, "patch": 16, "width": 128, "depth": 4, "heads": 4, "globalBlocks": [0, 1, 2, 3], "window": 14, "outChannels": 96, "decoder": {"innerWidth": 48, "mlpWidth": 384, "iouWidth": 96}}}
 * @throws ConfigError when the file cannot be read or its sizes do not fit together
 */
export async function readSizes(file: string): Promise<{ readonly clip?: BiomedClipConfig; readonly sam?: SamConfig }> {
  const { data, error } = Sizes.safeParse(await readJson(file, ConfigError));
  if (error) throw new ConfigError(`models init: "${file}" does not hold the sizes of a model: ${z.prettifyError(error)}`);
  return "clip" in data ? { clip: clipOf(data.clip) } : { sam: samOf(data.sam) };
}

function clipOf({
  imageSize,
  patch,
  width,
  depth,
  heads,
  mlpWidth = 4 * width,
  embed,
  dense,
  text,
}: z.infer<typeof ClipSizes>): BiomedClipConfig {
  const published = biomedClipPresets.biomedclip!;
  const { mlpWidth: textMlpWidth = 4 * text.width, ...textSizes } = text;
  return {
    ...published,
    vision: { ...published.vision, imageSize, patch, width, depth, heads, inner: mlpWidth },
    ...(dense && { dense }),
    text: { ...published.text, ...textSizes, inner: textMlpWidth },
    embed,
    textProjection: embed,
    contextLength: text.positions,
  };
}

function samOf({ mlpWidth, decoder, ...sizes }: z.infer<typeof SamSizes>): SamConfig {
  const published = samPresets["sam-vit-b"]!;
  return { ...published, ...sizes, mlpWidth: mlpWidth ?? 4 * sizes.width, decoder: { ...published.decoder, ...decoder } };
}
