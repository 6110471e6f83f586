import { addTo } from "../../add-to.ts";
import type { AugmentSettings } from "../../augment/index.ts";
import type { DroppedPair, MaskTarget } from "../../data/index.ts";
import { InputError, throwIfCancelled } from "../../errors.ts";
import type { Image, Mask } from "../../image/index.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { MaskGuesses, maskProblem } from "../../scans/mask-report.ts";
import { readMask } from "../../scans/read-mask.ts";
import { type SquareSizes, samVariants, targetGrid } from "../../segment/index.ts";
import { ByteCache } from "../byte-cache.ts";
import { type TargetOutlines, targetOutlines } from "./augmented-targets.ts";
import type { PromptSource } from "./target-grid.ts";
import type { OrderedTarget } from "./target-order.ts";

/** A target with its masks read. */
export interface PreparedTarget extends OrderedTarget, PromptSource {
  /** Only where images are augmented. */
  readonly outlines?: TargetOutlines | undefined;
}

export interface PromptDataOptions extends SquareSizes {
  /** The value of label images that is foreground. */
  readonly label?: number | undefined;
  /** How training images are augmented with their masks; default: not at all. Outlines of the masks are then kept, a few kilobytes each. */
  readonly augmentation?: AugmentSettings | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How many images are decoded at a time. */
const atOnce = 8;

/** Bytes of decoded images kept in memory; the others are decoded again for each use. */
const imageBytes = 2 ** 30;

/** The images and masks of a training. Masks have the size of the logits; images have that of the model input, and as many as fit stay in memory. */
export class PromptData {
  /** Files of the images; targets refer to them by index. */
  readonly images: readonly string[];
  readonly targets: readonly PreparedTarget[];
  /** Targets whose files cannot be used. */
  readonly failed: readonly DroppedPair[];
  /** Empty masks. */
  readonly empty: number;
  /** What was guessed of masks: a sentence for each kind of guess. */
  readonly warnings: readonly string[];
  /** How training images are augmented. */
  readonly augmentation: AugmentSettings | undefined;
  private readonly sizes: SquareSizes;
  private readonly cache: ByteCache<Image>;

  private constructor(
    images: string[],
    targets: PreparedTarget[],
    failed: DroppedPair[],
    empty: number,
    warnings: readonly string[],
    { variant, side, cells, augmentation }: PromptDataOptions,
    cache: ByteCache<Image>,
  ) {
    this.images = images;
    this.targets = targets;
    this.failed = failed;
    this.empty = empty;
    this.warnings = warnings;
    this.augmentation = augmentation;
    this.sizes = { variant, side, cells };
    this.cache = cache;
  }

  /**
   * Reads all images and masks once.
   *
   * @throws CancelledError when the signal fires
   */
  static async read(targets: readonly MaskTarget[], { signal, ...options }: PromptDataOptions): Promise<PromptData> {
    const byImage = new Map<string, MaskTarget[]>();
    for (const target of targets) addTo(byImage, target.image, target);
    const work = [...byImage];
    const cache = new ByteCache<Image>(imageBytes, ({ data }) => data.length);
    const [images, prepared, failed]: [string[], PreparedTarget[], DroppedPair[]] = [[], [], []];
    const guesses = new MaskGuesses();
    let empty = 0;
    for (let from = 0; from < work.length; from += atOnce) {
      throwIfCancelled(signal);
      const part = await Promise.all(work.slice(from, from + atOnce).map(([file, own]) => readImage(file, own, options, guesses)));
      for (const [k, { image, grids }] of part.entries()) {
        const [file, own] = work[from + k]!;
        const found = grids.filter((grid): grid is Found => "truth" in grid);
        for (const [t, grid] of grids.entries()) {
          if ("reason" in grid) failed.push({ key: own[t]!.key, kind: "input", ...grid });
          else if (!("truth" in grid)) empty++;
        }
        if (!image || found.length === 0) continue;
        cache.set(images.length, image);
        const extent = { width: image.width, height: image.height };
        for (const { target, ...masks } of found)
          prepared.push({ key: target.key, group: target.group, image: images.length, extent, ...masks });
        images.push(file);
      }
    }
    return new PromptData(images, prepared, failed, empty, guesses.sentences(), options, cache);
  }

  /** An image at the model's size, three channels. */
  async image(index: number): Promise<Image> {
    const kept = this.cache.get(index);
    if (kept) return inColour(kept);
    const resized = atModelSize((await decodeImage(this.images[index]!, { mode: "paper" })).image, this.sizes);
    this.cache.set(index, inOneChannel(resized));
    return resized;
  }
}

type Found = { readonly target: MaskTarget } & Pick<PreparedTarget, "truth" | "coarse" | "outlines">;
type Grid = Found | Pick<DroppedPair, "reason" | "detail"> | { readonly isEmpty: true };

async function readImage(
  file: string,
  targets: readonly MaskTarget[],
  { label, augmentation, ...sizes }: Omit<PromptDataOptions, "signal">,
  guesses: MaskGuesses,
): Promise<{ image?: Image; grids: Grid[] }> {
  let image: Image;
  try {
    ({ image } = await decodeImage(file, { mode: "paper" }));
  } catch (error) {
    const unused = reasonOf(error, () => "image that cannot be read");
    return { grids: targets.map(() => unused) };
  }
  const maskIn = async (mask: string) => {
    const reading = await readMask(mask, { label, image: { ...image, file } });
    guesses.add(mask, reading.warnings);
    return reading.mask;
  };
  const grids = await Promise.all(
    targets.map(async (target): Promise<Grid> => {
      let mask: Mask;
      try {
        mask = await maskIn(target.mask);
      } catch (error) {
        return reasonOf(error, maskProblem);
      }
      const truth = targetGrid(mask, sizes);
      if (!truth) return { isEmpty: true };
      try {
        const guess = target.coarse === undefined ? undefined : await maskIn(target.coarse);
        const outlines = augmentation && targetOutlines(mask, guess, sizes);
        return { target, truth, coarse: guess && targetGrid(guess, sizes), outlines };
      } catch (error) {
        return reasonOf(error, (cause) => `coarse mask: ${maskProblem(cause)}`);
      }
    }),
  );
  return { image: inOneChannel(atModelSize(image, sizes)), grids };
}

const atModelSize = (image: Image, { variant, side }: SquareSizes): Image => samVariants[variant].resize(image, side);

/** Why a target is left out. @throws the error itself if no file caused it */
function reasonOf(error: unknown, reason: (error: InputError) => string): Pick<DroppedPair, "reason" | "detail"> {
  if (!(error instanceof InputError)) throw error;
  return { reason: reason(error), detail: error.message };
}

/** Gray pictures, which most are, in a third of the memory. */
function inOneChannel(image: Image): Image {
  const { width, height, data } = image;
  for (let i = 0; i < data.length; i += 3) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return image;
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i++) gray[i] = data[3 * i]!;
  return { width, height, data: gray };
}

function inColour(image: Image): Image {
  const { width, height, data } = image;
  if (data.length === 3 * width * height) return image;
  const colour = new Uint8Array(3 * data.length);
  for (let i = 0, at = 0; i < data.length; i++) {
    const level = data[i]!;
    colour[at++] = level;
    colour[at++] = level;
    colour[at++] = level;
  }
  return { width, height, data: colour };
}
