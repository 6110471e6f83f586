import { z } from "zod";
import { described } from "../check/described.ts";
import { ConfigError } from "../errors.ts";
import { readJson } from "../files/read-json.ts";
import { type ClipConfig, type ClipFamilyName, clipPresets, withVocabulary } from "../models/clip/index.ts";
import { type SamConfig, samPresets, samVariantNames } from "../models/sam/index.ts";

const count = z.number().int().positive();

/** Widths must be whole numbers of heads, and images of patches. */
const divides = (part: number, whole: number) => whole % part === 0;

/** A convolutional branch beside a transformer with patches of some size: its encoder halves the image down to one. */
const DenseSizes = z.strictObject({ channels: z.array(count).min(1), stride: count });

/** What is wrong with a branch; undefined if it fits. */
function denseProblem(patch: number, { channels, stride }: z.infer<typeof DenseSizes>): string | undefined {
  const levels = Math.log2(patch);
  if (!Number.isInteger(levels) || levels === 0)
    return `dense needs patches whose size is a power of 2, at least 2, as it halves the image down to a patch; patch is ${patch}`;
  if (channels.length !== levels)
    return `dense.channels must be a list of ${levels}, one for each halving of the image down to a patch of ${patch}, got ${channels.length}`;
  const strides = channels.map((_, level) => 2 ** (level + 1));
  if (!strides.includes(stride)) return `dense.stride must be one of ${strides.join(", ")} with patches of ${patch}, got ${stride}`;
  return undefined;
}

/** The published model of each family, whose settings the sizes do not change. */
const published: Readonly<Record<ClipFamilyName, string>> = { biomedclip: "biomedclip", openai: "clip-vit-b-16" };

const ClipSizes = z
  .strictObject({
    family: z.enum(["biomedclip", "openai"]).default("biomedclip"),
    imageSize: count,
    patch: count,
    width: count,
    depth: count.min(2),
    heads: count,
    mlpWidth: count.optional(),
    embed: count,
    dense: DenseSizes.optional(),
    text: z.strictObject({
      width: count,
      depth: count,
      heads: count,
      mlpWidth: count.optional(),
      positions: count,
      vocabulary: count.optional(),
    }),
  })
  .refine(({ imageSize, patch }) => divides(patch, imageSize), { error: "patch must divide imageSize" })
  .superRefine(({ patch, dense }, { addIssue }) => {
    const message = dense && denseProblem(patch, dense);
    if (message !== undefined) addIssue({ code: "custom", message });
  })
  .refine(({ family, dense }) => family === "biomedclip" || !dense, { error: "dense is for the family biomedclip alone" })
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
    variant: z.enum(samVariantNames).optional(),
    adapterWidth: count.optional(),
    decoder: z.strictObject({ innerWidth: count.multipleOf(8), mlpWidth: count, iouWidth: count }),
  })
  .refine(({ imageSize, patch }) => divides(patch, imageSize), { error: "patch must divide imageSize" })
  .refine(({ width, heads }) => divides(heads, width), { error: "heads must divide width" });

const ClipFile = z.strictObject({ clip: ClipSizes });
const SamFile = z.strictObject({ sam: SamSizes });

/**
 * The sizes of a model to make, from a JSON file with one key, `clip` or `sam`; what it does not tell is as in the published models.
 *
 * @example {"clip": {"imageSize": 112, "patch": 8, "width": 128, "depth": 6, "heads": 4, "embed": 128, "text": {"width": 128, "depth": 2, "heads": 4, "positions": 64}}}
 * @example {"sam": {"imageSize": 256, "patch": 16, "width": 128, "depth": 4, "heads": 4, "globalBlocks": [0, 1, 2, 3], "window": 14, "outChannels": 96, "decoder": {"innerWidth": 48, "mlpWidth": 384, "iouWidth": 96}}}
 * @throws ConfigError when the file cannot be read or its sizes do not fit together
 */
export async function readSizes(file: string): Promise<{ readonly clip?: ClipConfig; readonly sam?: SamConfig }> {
  const content = await readJson(file, ConfigError);
  const checked = <T>(schema: z.ZodType<T>): T => {
    const { data, error } = schema.safeParse(content);
    if (error) throw new ConfigError(`models init: "${file}" does not hold the sizes of a model: ${z.prettifyError(error)}`);
    return data;
  };
  const has = (kind: string) => typeof content === "object" && content !== null && Object.hasOwn(content, kind);
  if (has("clip")) return { clip: clipOf(checked(ClipFile).clip) };
  if (has("sam")) return { sam: samOf(checked(SamFile).sam) };
  throw new ConfigError(`models init: "${file}" must hold an object with the key "clip" or "sam", got ${described(content)}.`);
}

function clipOf({
  family,
  imageSize,
  patch,
  width,
  depth,
  heads,
  mlpWidth = 4 * width,
  embed,
  dense,
  text,
}: z.infer<typeof ClipSizes>): ClipConfig {
  const preset = clipPresets[published[family]]!;
  const { mlpWidth: textMlpWidth = 4 * text.width, vocabulary = preset.text.vocabulary, ...textSizes } = text;
  const config = {
    ...preset,
    vision: { ...preset.vision, imageSize, patch, width, depth, heads, inner: mlpWidth },
    ...(dense && { dense }),
    text: { ...preset.text, ...textSizes, inner: textMlpWidth },
    embed,
    ...(preset.textProjection !== undefined && { textProjection: embed }),
    contextLength: text.positions,
  };
  return withVocabulary(config, vocabulary);
}

function samOf({ mlpWidth, decoder, variant, adapterWidth, ...sizes }: z.infer<typeof SamSizes>): SamConfig {
  const published = samPresets["sam-vit-b"]!;
  return {
    ...published,
    ...sizes,
    ...(variant && { variant }),
    ...(adapterWidth !== undefined && { adapterWidth }),
    mlpWidth: mlpWidth ?? 4 * sizes.width,
    decoder: { ...published.decoder, ...decoder },
  };
}
