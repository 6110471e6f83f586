import type { Tokenizer } from "../text/tokenizer.ts";
import { turns } from "./_turns.ts";
import { type AugmentRequest, augmentedView } from "./augmented-view.ts";
import { decodePair } from "./decode-pair.ts";
import type { ImagePlace } from "./pairs.ts";
import { type CropRange, centreView, cropDraws, cropView, randomCrop } from "./views.ts";

/** A picture to be made ready for a model. */
export interface ViewRequest {
  readonly image: ImagePlace;
  /** Length of the view's sides in pixels. */
  readonly side: number;
  /** How 16-bit gray becomes 8 bits. */
  readonly mode: "paper" | "reference";
  /** Draws the part that is seen; without it the middle is. */
  readonly crop?: { readonly key: string; readonly epoch: number; readonly seed: number; readonly range: CropRange } | undefined;
  readonly augment?: AugmentRequest | undefined;
}

/** A picture that is ready. */
export interface PreparedView {
  /** [3, S, S], 8 bits, one channel after the other. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Of an augmented picture, see `AugmentedView`. */
  readonly coverage?: Float32Array<ArrayBuffer>;
  readonly isMirrored?: boolean;
  readonly isEmptyCrop?: boolean;
}

/** A tokenised caption. */
export interface EncodedCaption {
  /** With the start and the end token, without padding. */
  readonly ids: readonly number[];
  /** Whether it was longer than the context. */
  readonly truncated: boolean;
}

/** Preparation of pairs during training: in worker threads or in the caller's thread. */
export interface Preparation {
  /** @throws InputError when the image cannot be decoded */
  view(request: ViewRequest): Promise<PreparedView>;
  encode(captions: readonly string[]): Promise<EncodedCaption[]>;
}

/** While one picture is decoded, by threads of the decoder, the one before is resized. More would only take memory. */
const viewsAtOnce = 2;

/** Does the work where it is called. */
export function preparation(tokenizer: Tokenizer, contextLength: number): Preparation {
  const inTurn = turns(viewsAtOnce);
  return {
    view: (request) => inTurn(() => viewOf(request)),
    async encode(captions) {
      return captions.map((caption) => tokenizer.encode(caption, { contextLength }));
    },
  };
}

async function viewOf({ image, side, mode, crop, augment }: ViewRequest): Promise<PreparedView> {
  const decoded = await decodePair(image, mode);
  const part = crop && randomCrop(decoded, cropDraws(crop.key, crop.epoch, crop.seed), crop.range).box;
  if (augment) {
    const { pixels, ...known } = augmentedView(decoded, side, part, augment);
    return { pixels: planar(pixels), ...known };
  }
  return { pixels: planar((part ? cropView(decoded, part, side) : centreView(decoded, side)).data) };
}

/** From [S, S, 3] to [3, S, S]. */
function planar(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const plane = data.length / 3;
  const planes = new Uint8Array(data.length);
  for (let i = 0, at = 0; i < plane; i++, at += 3) {
    planes[i] = data[at]!;
    planes[plane + i] = data[at + 1]!;
    planes[2 * plane + i] = data[at + 2]!;
  }
  return planes;
}
