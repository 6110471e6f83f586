import { z } from "zod";
import type { Image } from "../image/index.ts";
import type { ClipModel } from "../models/clip/index.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The noise of a method that needs some, in the parts in which its `attribute` takes it. */
export interface MethodNoise {
  /** Of one image: [steps, samples, T, D]. */
  readonly shape: readonly [number, number, number, number];
  /** The noise of a file, which depends on its name and the seed alone. */
  of(fileName: string, seed: number): Tensor[];
  /** Given noise instead. @throws ShapeError when it does not have the shape */
  from(noise: Tensor<"float32">): Tensor[];
}

/** How much a method computes. */
export interface MethodFlops {
  /** Once for an image, however many texts. */
  readonly image: number;
  /** For each text. */
  readonly text: number;
}

/** A saliency method on one model and with its settings. It holds sessions: call `dispose` when done; it may be used again. */
export interface SaliencyMethod {
  /** The block whose output it uses. */
  readonly layer: number;
  /** Values along a side of the map that it gives. */
  readonly grid: number;
  /**
   * Where its values are probabilities, on an absolute scale: what the largest must reach for the image to count as showing the target. Other
   * methods' values are stretched to [0, 1], whatever their range.
   */
  readonly presence?: number;
  /** Things worth a warning about the settings with this model. */
  readonly warnings: readonly string[];
  /** Present where the method draws noise. */
  readonly noise?: MethodNoise;
  /** The tokens [1, T, D] behind that block, or other features: the part of the work that is the same for every text. `view` is what the model sees: S x S pixels. */
  hiddenTokens(view: Image): Promise<Tensor>;
  /**
   * How much each patch supports the text: [g · g] row by row, before any normalisation, larger for more.
   *
   * @param hidden - [1, T, D] from `hiddenTokens`
   * @param text - [E] features of the text; only their direction matters
   * @param noise - of `noise`, where the method draws some
   */
  attribute(hidden: Tensor, text: Float32Array, noise?: readonly Tensor[]): Promise<Float32Array>;
  /** Operations, the text tower apart. */
  flops(): MethodFlops;
  dispose(): Promise<void>;
}

/** Largest resident memory of a process that makes maps with BiomedCLIP, in megabytes, as measured. */
export interface MemoryPeaks {
  /** With weights in the layout that the kernels like best. */
  readonly prepacked: number;
  /** With weights as they lie in the file. */
  readonly smallest: number;
}

/** Settings as a method gets them; zod's type of an object without fields forbids all others. */
type SettingsOf<S extends z.ZodObject> = keyof S["shape"] extends never ? object : z.infer<S>;

/** What the file of a method defines. */
interface MethodDescription<S extends z.ZodObject> {
  /** All that can be chosen about it, each with its default, unit and meaning. Methods may share a setting's name, type and default. */
  readonly settings: S;
  /** Whether it draws noise, which can then be given in place of the seeded noise. */
  readonly drawsNoise: boolean;
  /** Values of its own settings that change what the map says, so that other methods reject them instead of ignoring them. */
  readonly refusedElsewhere?: Partial<z.infer<S>>;
  /** Opens it; nothing is computed yet. @throws ConfigError when the settings do not fit the model */
  open(model: ClipModel, settings: SettingsOf<S>): SaliencyMethod;
  /** What it takes with these settings. */
  memory(settings: SettingsOf<S>): MemoryPeaks;
}

/** A row of the table of methods. */
export interface MethodRow<S extends z.ZodObject = z.ZodObject> extends MethodDescription<S> {
  /** Names of the settings that it reads: its own, and the file `noise` where it draws some. Others have no effect with it. */
  readonly uses: readonly string[];
}

/** Makes the table row of a method from its definition. */
export function saliencyMethod<S extends z.ZodObject>(method: MethodDescription<S>): MethodRow<S> {
  return { ...method, uses: [...Object.keys(method.settings.shape), ...(method.drawsNoise ? ["noise"] : [])] };
}

/** The setting `layer` of a method that cuts the image tower. @param usual - its default in words */
export const layerSetting = (usual: string) =>
  z.number().int().nonnegative().optional().describe(`block of the image tower whose output the method uses, from 0 (default: ${usual})`);

/** Blocks of BiomedCLIP's image tower behind a layer: those that are differentiated, which take memory. */
export const blocksBehind = (layer: number) => Math.max(0, 11 - layer);
