import type { Image } from "../../../image/index.ts";
import { oncePerKey } from "../../../once.ts";
import type { ImageEmbedding } from "../../../segment/index.ts";
import { type StageTimes, timed } from "./stage-times.ts";

/** Returns SAM's embedding of an image, computed or cached. Problems are added to `warnings`. */
export type EmbedImage = (image: Image, warnings: string[]) => Promise<ImageEmbedding>;

/** Gives SAM's embedding of one image. Problems are added to `warnings`. */
export type EmbeddingOfImage = (warnings: string[]) => Promise<ImageEmbedding>;

/** Encodes an image on the first call, to which warnings of the encoding belong; later calls get the same embedding. */
export function encodedOnce(embed: EmbedImage, image: Image, ms: StageTimes): EmbeddingOfImage {
  const kept = oncePerKey<ImageEmbedding>(1);
  return (warnings) => kept("", () => timed(ms, "embed", () => embed(image, warnings)));
}
