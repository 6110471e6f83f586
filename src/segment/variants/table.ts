import type { Image, Raster, Size } from "../../image/index.ts";
import type { SamConfig, SamVariantName } from "../../models/sam/index.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import { medsam } from "./medsam.ts";
import { sam } from "./sam.ts";
import { samMed2d } from "./sam-med2d.ts";
import type { SamVariant } from "./variant.ts";

/** The variants by the names that users give. */
export const samVariants = { sam, medsam, "sam-med2d": samMed2d } as const satisfies Record<SamVariantName, SamVariant>;

/** An image as a model takes it. */
export interface SamInput {
  /** [1, 3, S, S] */
  readonly pixels: Tensor<"float32">;
  /** Size of the image within the square. */
  readonly resized: Size;
}

/** What decides how a model takes its images. */
export type InputConfig = Pick<SamConfig, "variant" | "imageSize">;

/** Brings an image into a model's square. */
export function samInput(image: Image, { variant, imageSize: side }: InputConfig): SamInput {
  const { resize, normaliseInto } = samVariants[variant];
  const { data, ...resized } = resize(image, side); // [h, w, 3]
  const pixels = zeros("float32", [1, 3, side, side]);
  normaliseInto(pixels.data, { data, ...resized }, side);
  return { pixels, resized };
}

/** Brings mask logits [l, l] to the size of their image, see `SamVariant.enlarge`. */
export type Enlarge = (logits: Float32Array, size: Size) => Raster<Float32Array>;

/** How a model's logits are brought to the size of an image. */
export function enlargeFor({ variant, imageSize: side }: InputConfig): Enlarge {
  const { sizeWithin, enlarge } = samVariants[variant];
  return (logits, { width, height }) => {
    const size = { width, height };
    return enlarge(logits, { size, resized: sizeWithin(size, side), side });
  };
}
