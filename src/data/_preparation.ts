import type { Tokenizer } from "../text/wordpiece.ts";
import { turns } from "./_turns.ts";
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
  /** A view [3, S, S], 8 bits, one channel after the other. @throws InputError when the image cannot be decoded */
  view(request: ViewRequest): Promise<Uint8Array<ArrayBuffer>>;
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

async function viewOf({ image, side, mode, crop }: ViewRequest): Promise<Uint8Array<ArrayBuffer>> {
  const decoded = await decodePair(image, mode);
  if (!crop) return planar(centreView(decoded, side).data);
  const { box } = randomCrop(decoded, cropDraws(crop.key, crop.epoch, crop.seed), crop.range);
  return planar(cropView(decoded, box, side).data);
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
