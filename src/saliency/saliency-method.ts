import type { Image } from "../image/index.ts";
import type { BiomedClip } from "../models/biomedclip/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ClassToken } from "./_bottleneck.ts";

/** What a saliency method may be told; each reads what it needs. */
export interface SaliencyMethodSettings {
  /** Block of the image tower after whose output the method looks, from 0; by default the method's own. */
  readonly layer?: number | undefined;
  /** Of `m2ib` and `nib`. */
  readonly steps: number;
  /** These and what follows are for `m2ib` alone. */
  readonly samples: number;
  readonly beta: number;
  readonly lr: number;
  readonly classToken: ClassToken;
  /** A preview with fewer noise samples. */
  readonly fast?: boolean | undefined;
}

/** The noise of a method that needs some, in the parts in which its `attribute` takes it. */
export interface MethodNoise {
  /** Of one image: [steps, samples, T, D]. */
  readonly shape: readonly [number, number, number, number];
  /** The noise of a file, which depends on its name and the seed alone. */
  of(fileName: string, seed: number): Tensor[];
  /** Given noise in its place. @throws ShapeError when it does not have the shape */
  from(noise: Tensor<"float32">): Tensor[];
}

/** A saliency method on one model and with its settings. It holds sessions: call `dispose` when done; it may be used again. */
export interface SaliencyMethod {
  /** The block after whose output it looks. */
  readonly layer: number;
  /** Things worth a warning about the settings with this model. */
  readonly warnings: readonly string[];
  /** Present where the method draws noise. */
  readonly noise?: MethodNoise;
  /** The tokens [1, T, D] behind that block: the part of the work that is the same for every text. `view` is what the model sees: S x S pixels. */
  hiddenTokens(view: Image): Promise<Tensor>;
  /**
   * How much each patch speaks for the text: [g · g] row by row, before any normalisation, larger for more.
   *
   * @param hidden - [1, T, D] from `hiddenTokens`
   * @param text - [E] features of the text; only their direction matters
   * @param noise - of `noise`, where the method draws some
   */
  attribute(hidden: Tensor, text: Float32Array, noise?: readonly Tensor[]): Promise<Float32Array>;
  /** Operations for one image and sentence, the text tower apart. */
  flops(): number;
  dispose(): Promise<void>;
}

/** Opens a method; nothing is computed yet. @throws ConfigError when the settings do not fit the model */
export type OpenSaliencyMethod = (model: BiomedClip, settings: SaliencyMethodSettings) => SaliencyMethod;
