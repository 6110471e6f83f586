import { z } from "zod";
import { described } from "../check/described.ts";
import { checkedOptions } from "../check/options.ts";
import { checkedImage } from "../check/pictures.ts";
import { checkedBox, checkedFloats, checkedList, checkedPoint } from "../check/prompts.ts";
import { checkTensor } from "../check/tensors.ts";
import { InputError, ShapeError } from "../errors.ts";
import { compile, flopsOf, input, type Value } from "../graph/index.ts";
import type { Box, Image, LabelledPoint, Mask, Point, Raster, Size } from "../image/index.ts";
import { finite } from "../models/finite.ts";
import {
  type BlockLinears,
  gridOf,
  imageEncoder,
  logitsSideOf,
  maskDecoder,
  type PromptInputs,
  promptEncoder,
  quantisedLinears,
  recognisedVariant,
  type SamConfig,
  type SamHints,
  type SamPrecision,
  type SamVariantName,
  samConfigOf,
  samFamily,
  samPrecisions,
  samTensors,
  samVariantNames,
  usablePrecision,
} from "../models/sam/index.ts";
import { Weights } from "../models/weights.ts";
import { type Session, SessionOptions } from "../runtime/session.ts";
import { SessionCache } from "../runtime/session-cache.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import type { WeightsFile } from "../tensor/open-weights.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
import { above, type Placement } from "./postprocess.ts";
import { type Enlarge, enlargeFor, samInput } from "./variants/index.ts";
import type { Candidates } from "./voting.ts";

/** How a predictor's sessions are opened, and how it uses them. */
export interface SamOptions extends SessionOptions {
  /**
   * Boxes answered in one call, by default 2: each takes 5 to 10 % less time than alone, and the call 0.1 GB more memory. More gain
   * nothing more on a CPU. Answers are the same, bit by bit, however boxes are grouped.
   */
  readonly boxesACall?: number;
  /** Queries that the encoder's attention computes at once, by default 256. With 64 it takes 0.2 GB less. */
  readonly queriesAChunk?: number;
  /** How images become the model's input; by default found by the names of its tensors, its file and its repository. */
  readonly variant?: SamVariantName;
  /** `int8` rounds the encoder's linear layers to 8 bits: 0.6 of the time, and an approximation. By default float32. */
  readonly precision?: SamPrecision;
}

/** The same as a schema, to check the options of library callers. */
export const SamOptions = z.strictObject({
  ...SessionOptions.shape,
  boxesACall: z.number().int().positive().optional(),
  queriesAChunk: z.number().int().positive().optional(),
  variant: z.enum(samVariantNames).optional(),
  precision: z.enum(samPrecisions).optional(),
});

/** SAM's embedding of one image: all that prompts need, so it can be kept and prompted again later. */
export interface ImageEmbedding extends Placement {
  /** [1, C, g, g]; 4 MiB for the published models */
  readonly values: Tensor<"float32">;
}

/** Visual prompts, in pixels of the image. */
export interface SamPrompts {
  /** One prediction each. They are passed on as they stand, x1 and y1 too. */
  readonly boxes?: readonly Box[];
  /** Sent together: with each box, or as one prompt of their own. */
  readonly points?: readonly LabelledPoint[];
  /** [l, l] logits of an earlier prediction on the same image, sent with each box or alone; l = 256 in published models */
  readonly mask?: Float32Array;
}

/** SAM's prediction for one prompt: the single mask, and the candidate masks (multimask output). */
export class Prediction {
  /** [M, l, l], M = 4: the single mask, then three candidate masks. A logit above 0 is inside. */
  readonly logits: Float32Array;
  /** [M], the predicted IoU of each mask with the ground truth. */
  readonly scores: Float32Array;
  private readonly size: Size;
  private readonly enlarge: Enlarge;

  /** @param size - of the image; @param enlarge - of the model */
  constructor(logits: Float32Array, scores: Float32Array, size: Size, enlarge: Enlarge) {
    this.logits = logits;
    this.scores = scores;
    this.size = size;
    this.enlarge = enlarge;
  }

  /** The [l, l] logits of one mask: what `mask` of a further prompt takes. */
  logitsOf(index = 0): Float32Array {
    const length = this.logits.length / this.scores.length;
    if (!(Number.isInteger(index) && index >= 0 && index < this.scores.length)) {
      throw new ShapeError(`Prediction: there are masks 0 to ${this.scores.length - 1}, asked for ${described(index)}`);
    }
    return this.logits.subarray(index * length, (index + 1) * length);
  }

  /** The logits of one mask at the size of the image: above 0 inside, and their sigmoid is the probability. */
  fullLogits(index = 0): Raster<Float32Array> {
    return this.enlarge(this.logitsOf(index), this.size);
  }

  /** One mask at the size of the image. */
  mask(index = 0): Mask {
    return above(this.fullLogits(index), 0);
  }

  /** The candidate mask with the best score: 1, 2 or 3, the first of equals. */
  get best(): number {
    return this.scores.reduce((best, score, i) => (i > 1 && score > this.scores[best]! ? i : best), 1);
  }

  /** The candidate masks (multimask output), to be voted on. */
  candidates(): Candidates {
    const scores = this.scores.subarray(1);
    return { masks: Array.from(scores, (_, i) => this.mask(i + 1)), scores };
  }
}

/** Each session keeps some 80 MB, so those of the kinds of prompts used last are kept. */
const mostDecoders = 4;

/**
 * Segments images by boxes and points. Encoding an image takes seconds and is done once; each prompt then takes milliseconds.
 *
 * @example
 * const predictor = await SamPredictor.open("sam_vit_b_01ec64.pth");
 * await predictor.setImage(image);
 * const [prediction] = await predictor.predict({ boxes: [{ x0: 40, y0: 60, x1: 120, y1: 140 }] });
 * const mask = prediction.mask();
 * await predictor.dispose();
 */
export class SamPredictor {
  readonly config: SamConfig;
  /** Those given to `open`, with the precision that is used. */
  readonly options: SamOptions;
  /** Sentences for the user about options that cannot be followed on this machine. */
  readonly warnings: readonly string[];
  readonly weights: Weights;
  /** Brings mask logits to the size of their image, as this model's are. */
  readonly enlarge: Enlarge;
  private readonly encoder = new SharedSession(() => this.compileEncoder());
  /** One session for each kind of prompt, since shapes are static: how many points and boxes, with a mask or not. */
  private readonly decoders = new SessionCache(mostDecoders);
  /** The last image's alone: a caller who prompts several keeps their embeddings. */
  private current: ImageEmbedding | undefined;
  private isDisposed = false;
  /** The end of the work begun so far. Calls run one after another, so two concurrent calls take no more memory than one. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(weights: Weights, config: SamConfig, options: SamOptions, warnings: readonly string[]) {
    this.weights = weights;
    this.config = config;
    this.enlarge = enlargeFor(config);
    this.options = options;
    this.warnings = warnings;
  }

  /**
   * Opens a SAM checkpoint under official or Hugging Face names. Nothing is loaded before the first image, except for one layer where
   * int8 is asked for: if this machine does not compute it rightly, the precision is float32, and `warnings` says so.
   *
   * @param options - `prepack: false` maps the weights instead of copying them: 0.3 GB less for ViT-B, at about the same speed
   * @throws WeightsError when the file is not a SAM checkpoint or lacks tensors
   */
  static async open(file: WeightsFile, options: SamOptions = {}, hints: SamHints = {}): Promise<SamPredictor> {
    checkedOptions(SamOptions, options, "SamPredictor.open");
    const weights = await Weights.open(file, samFamily);
    const known = options.variant ? { ...hints, variant: options.variant } : hints;
    const config = samConfigOf(weights, known);
    weights.check(samTensors(config));
    const { precision, warnings } = await usablePrecision(options.precision ?? "float32", weights, options);
    const { note } = recognisedVariant(weights, known);
    const notes = [...weights.notes, ...(note === undefined ? [] : [note]), ...(hints.warnings ?? []), ...warnings];
    return new SamPredictor(weights, config, { ...options, precision }, notes);
  }

  /** Encodes an image and remembers it as the one that `predict` works on. The embedding stays valid after the next image. */
  setImage(image: Image): Promise<ImageEmbedding> {
    return this.inTurn(async () => {
      const { imageSize: side } = this.config;
      const { pixels, resized } = samInput(checkedImage(image, "setImage"), this.config);
      const { embedding } = await this.encoder.use((encoder) => encoder.run({ image: pixels }));
      finite(embedding!.data as Float32Array, "the features of the image", this.weights.file);
      const size: Size = { width: image.width, height: image.height };
      this.current = { values: embedding as Tensor<"float32">, size, resized, side };
      return this.current;
    });
  }

  /**
   * Answers prompts about an image.
   *
   * @param options.embedding - the image, by default the last one given to `setImage`
   * @returns one prediction for each box in their order, or one for points or a mask without a box
   * @throws InputError when there is no prompt or no image
   */
  predict(prompts: SamPrompts, options: { embedding?: ImageEmbedding } = {}): Promise<Prediction[]> {
    return this.answers("predict", options, (embedding) => this.feedsOf(prompts, embedding));
  }

  /**
   * Answers several points, each as a prompt by itself, in one call: it takes as much memory as so many prompts.
   *
   * @returns one prediction for each point
   * @throws InputError when there is no point or no image
   */
  predictEach(points: readonly LabelledPoint[], options: { embedding?: ImageEmbedding } = {}): Promise<Prediction[]> {
    return this.answers("predictEach", options, (embedding) => {
      const checked = checkedList(points, "predictEach", "points", (point, name) =>
        checkedPoint(point, "predictEach", name, embedding.size),
      );
      if (checked.length === 0) throw new InputError("predictEach: give at least one point.");
      return [{ embedding: embedding.values, ...pointFeeds(checked, embedding, [checked.length, 1]) }];
    });
  }

  private answers(
    where: string,
    options: { embedding?: ImageEmbedding },
    feedsOf: (embedding: ImageEmbedding) => Record<string, Tensor>[],
  ): Promise<Prediction[]> {
    return this.inTurn(async () => {
      const { embedding = this.current } = options ?? {};
      if (embedding) this.checkEmbedding(embedding, where);
      else throw new InputError(`${where}: there is no image yet. Call setImage first, or give an embedding.`);
      const predictions: Prediction[] = [];
      for (const feed of feedsOf(embedding)) {
        const open = () => this.compileDecoder(feed); // it takes 50 ms
        const { logits, iou } = await this.decoders.use(kindOf(feed), open, (decoder) => decoder.run(feed));
        for (const { data } of [logits!, iou!]) finite(data as Float32Array, "the logits and scores of the mask", this.weights.file);
        predictions.push(...predictionsOf(logits!, iou!, embedding.size, this.enlarge));
      }
      return predictions;
    });
  }

  /** Frees the encoder, most of the memory; the next `setImage` loads it again. Embeddings stay valid. */
  releaseEncoder(): Promise<void> {
    return this.inTurn(() => this.encoder.dispose());
  }

  /** Frees all sessions and the last image; later calls open them again. Embeddings stay valid. */
  release(): Promise<void> {
    return this.inTurn(() => this.letGo());
  }

  /** Frees everything, after pending calls have finished. Later calls are refused. */
  async dispose(): Promise<void> {
    const done = this.turn.then(() => this.letGo());
    this.isDisposed = true;
    await done;
  }

  private async letGo(): Promise<void> {
    this.current = undefined;
    await thenDispose(() => this.encoder.dispose(), this.decoders);
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.isDisposed) throw new InputError(`this SamPredictor was disposed. Open another one of "${this.weights.file}".`);
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined); // a failure concerns its caller, not the next call
    return await result;
  }

  /** What the decoder is fed for each few boxes, or once where there is none. */
  private feedsOf(given: SamPrompts, embedding: ImageEmbedding): Record<string, Tensor>[] {
    const { boxes, points, mask } = this.checkedPrompts(given, embedding.size);
    if (boxes.length === 0 && points.length === 0 && !mask) throw new InputError("predict: give at least one box, point or mask.");
    const side = logitsSideOf(this.config);
    const { x, y } = scaleOf(embedding);
    const shared: Record<string, Tensor> = { embedding: embedding.values };
    if (points.length > 0) Object.assign(shared, pointFeeds(points, embedding, [1, points.length]));
    if (mask) shared.mask = tensor("float32", [1, 1, side, side], mask.slice());
    if (boxes.length === 0) return [shared];
    const { boxesACall = 2 } = this.options;
    return Array.from({ length: Math.ceil(boxes.length / boxesACall) }, (_, i) => {
      const group = boxes.slice(i * boxesACall, (i + 1) * boxesACall);
      const corners = Float32Array.from(group.flatMap(({ x0, y0, x1, y1 }) => [x0 * x, y0 * y, x1 * x, y1 * y]));
      return { ...shared, boxes: tensor("float32", [group.length, 4], corners) };
    });
  }

  private checkedPrompts(given: SamPrompts, size: Size) {
    if (typeof given !== "object" || given === null) {
      throw new InputError(`predict: prompts must be { boxes, points, mask }, got ${described(given)}.`);
    }
    const { boxes = [], points = [], mask } = given;
    const side = logitsSideOf(this.config);
    if (mask !== undefined) checkedFloats(mask, "predict", "mask", [side, side]);
    return {
      boxes: checkedList(boxes, "predict", "boxes", (box, name) => checkedBox(box, "predict", name, size)),
      points: checkedList(points, "predict", "points", (point, name) => checkedPoint(point, "predict", name, size)),
      mask,
    };
  }

  private checkEmbedding({ values }: ImageEmbedding, where: string): void {
    const grid = gridOf(this.config);
    checkTensor(values, where, "embedding.values", [1, this.config.outChannels, grid, grid]);
  }

  /** Operations to encode one image; a prompt costs about a hundredth of that. */
  flops(): number {
    return flopsOf([this.encoderGraph()]);
  }

  private async compileEncoder(): Promise<Session> {
    const { weights, config, options } = this;
    const linears = options.precision === "int8" ? await quantisedLinears(weights, config) : undefined;
    return await compile({ embedding: this.encoderGraph(linears) }, options);
  }

  private encoderGraph(linears?: readonly BlockLinears[]): Value {
    const { imageSize: side } = this.config;
    return imageEncoder(input("image", "float32", [1, 3, side, side]), this.weights, this.config, { ...this.options, linears }).embedding;
  }

  private compileDecoder(feed: Readonly<Record<string, Tensor>>): Promise<Session> {
    const { config, weights } = this;
    const fed = (name: string): Value | undefined => {
      const value = feed[name];
      return value && input(name, value.dtype, value.shape);
    };
    const [positions, labels, boxes, mask] = ["points", "labels", "boxes", "mask"].map(fed);
    const inputs: PromptInputs = {
      ...(positions && labels && { points: { positions, labels } }),
      ...(boxes && { boxes }),
      ...(mask && { mask }),
    };
    const { logits, iou } = maskDecoder(fed("embedding")!, promptEncoder(inputs, weights, config), weights, config);
    return compile({ logits, iou }, this.options);
  }
}

/** Pixels of the model's square in one of the image. */
function scaleOf({ resized, size }: ImageEmbedding): Point {
  return { x: resized.width / size.width, y: resized.height / size.height };
}

/** Points as the decoder takes them. @param shape - rows of points that are answered one by one, and points of each */
function pointFeeds(points: readonly LabelledPoint[], embedding: ImageEmbedding, shape: readonly [rows: number, each: number]) {
  const { x, y } = scaleOf(embedding);
  const positions = Float32Array.from(points.flatMap((point) => [point.x * x, point.y * y]));
  const labels = BigInt64Array.from(points, ({ label }) => BigInt(label));
  return { points: tensor("float32", [...shape, 2], positions), labels: tensor("int64", shape, labels) };
}

/** How many points and boxes a feed has, with a mask or not. */
function kindOf(feed: Readonly<Record<string, Tensor>>): string {
  return Object.entries(feed)
    .map(([name, { shape }]) => `${name} [${shape}]`)
    .join(", ");
}

/** A prediction for each row of logits [B, M, l, l] and scores [B, M]. */
function predictionsOf(logits: Tensor, iou: Tensor, size: Size, enlarge: Enlarge): Prediction[] {
  const [batch, masks] = iou.shape as [number, number];
  const length = logits.data.length / batch;
  return Array.from({ length: batch }, (_, i) => {
    const part = (logits.data as Float32Array).subarray(i * length, (i + 1) * length);
    return new Prediction(part, (iou.data as Float32Array).subarray(i * masks, (i + 1) * masks), size, enlarge);
  });
}
