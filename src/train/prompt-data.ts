import type { DroppedPair, MaskTarget } from "../data/index.ts";
import { CancelledError, InputError, MedclipSamError } from "../errors.ts";
import { decodeImage } from "../formats/decode.ts";
import { readGray } from "../formats/gray.ts";
import type { Image, Mask, Size } from "../image/index.ts";
import { resizeLongest } from "../segment/index.ts";
import { ByteCache } from "./byte-cache.ts";
import { type PromptSource, type SquareSizes, targetGrid } from "./target-grid.ts";
import type { OrderedTarget } from "./target-order.ts";

/** A target that is ready to be prompted for. */
export interface PreparedTarget extends OrderedTarget, PromptSource {}

export interface PromptDataOptions extends SquareSizes {
  readonly signal?: AbortSignal | undefined;
}

/** A pixel of a mask file is foreground above this level. */
const foregroundAbove = 127;

/** How many images are decoded at a time. */
const atOnce = 8;

/** Bytes of images that are kept in memory; others are decoded again when they are needed. */
const imageBytes = 2 ** 30;

/** The images and masks of a training: masks at the size of the logits, all in memory, and images as the model takes them, as many as fit. */
export class PromptData {
  /** Files of the images, by the numbers that targets name. */
  readonly images: readonly string[];
  readonly targets: readonly PreparedTarget[];
  /** Targets whose files cannot be used. */
  readonly failed: readonly DroppedPair[];
  /** Masks in which nothing is set. */
  readonly empty: number;
  private readonly side: number;
  private readonly cache: ByteCache<Image>;

  private constructor(
    images: string[],
    targets: PreparedTarget[],
    failed: DroppedPair[],
    empty: number,
    side: number,
    cache: ByteCache<Image>,
  ) {
    this.images = images;
    this.targets = targets;
    this.failed = failed;
    this.empty = empty;
    this.side = side;
    this.cache = cache;
  }

  /**
   * Reads all images and masks once.
   *
   * @throws CancelledError when the signal fires
   */
  static async read(targets: readonly MaskTarget[], { side, cells, signal }: PromptDataOptions): Promise<PromptData> {
    const byImage = new Map<string, MaskTarget[]>();
    for (const target of targets) byImage.set(target.image, [...(byImage.get(target.image) ?? []), target]);
    const work = [...byImage];
    const cache = new ByteCache<Image>(imageBytes, ({ data }) => data.length);
    const [images, prepared, failed]: [string[], PreparedTarget[], DroppedPair[]] = [[], [], []];
    let empty = 0;
    for (let from = 0; from < work.length; from += atOnce) {
      if (signal?.aborted) throw new CancelledError();
      const part = await Promise.all(work.slice(from, from + atOnce).map(([file, own]) => readImage(file, own, { side, cells })));
      for (const [k, { image, grids }] of part.entries()) {
        const [file, own] = work[from + k]!;
        const found = grids.filter((grid): grid is Found => "truth" in grid);
        for (const [t, grid] of grids.entries()) {
          if ("error" in grid) failed.push(undecodable(own[t]!, grid.error));
          else if (!("truth" in grid)) empty++;
        }
        if (!image || found.length === 0) continue;
        cache.set(images.length, image);
        const extent = { width: image.width, height: image.height };
        for (const { target, truth, coarse } of found)
          prepared.push({ key: target.key, group: target.group, image: images.length, extent, truth, coarse });
        images.push(file);
      }
    }
    return new PromptData(images, prepared, failed, empty, side, cache);
  }

  /** An image at the model's size, three channels. */
  async image(index: number): Promise<Image> {
    const kept = this.cache.get(index);
    if (kept) return inColour(kept);
    const resized = resizeLongest((await decodeImage(this.images[index]!, { mode: "paper" })).image, this.side);
    this.cache.set(index, inOneChannel(resized));
    return resized;
  }
}

type Found = { readonly target: MaskTarget } & Pick<PromptSource, "truth" | "coarse">;
type Grid = Found | { readonly error: unknown } | { readonly isEmpty: true };

async function readImage(file: string, targets: readonly MaskTarget[], sizes: SquareSizes): Promise<{ image?: Image; grids: Grid[] }> {
  let image: Image;
  try {
    ({ image } = await decodeImage(file, { mode: "paper" }));
  } catch (error) {
    return { grids: targets.map(() => ({ error })) };
  }
  const grids = await Promise.all(
    targets.map(async (target): Promise<Grid> => {
      try {
        const truth = targetGrid(await readMask(target.mask, file, image), sizes);
        if (!truth) return { isEmpty: true };
        const coarse = target.coarse === undefined ? undefined : targetGrid(await readMask(target.coarse, file, image), sizes);
        return { target, truth, coarse };
      } catch (error) {
        return { error };
      }
    }),
  );
  return { image: inOneChannel(resizeLongest(image, sizes.side)), grids };
}

/** @throws InputError when it cannot be read, or has another size than its image */
async function readMask(file: string, imageFile: string, image: Size): Promise<Mask> {
  const { width, height, data } = await readGray(file);
  if (width !== image.width || height !== image.height) {
    throw new InputError(
      `"${file}" has ${width} x ${height} pixels, "${imageFile}" has ${image.width} x ${image.height}; a mask must have the size of its image`,
    );
  }
  return { width, height, data: data.map((level) => (level > foregroundAbove ? 1 : 0)) };
}

function undecodable({ key }: MaskTarget, error: unknown): DroppedPair {
  if (!(error instanceof MedclipSamError)) throw error;
  return { key, kind: "input", reason: "image or mask cannot be used", detail: error.message };
}

/** Gray pictures, which most are, in a third of the memory. */
function inOneChannel(image: Image): Image {
  const { width, height, data } = image;
  for (let i = 0; i < data.length; i += 3) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return image;
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!) };
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
