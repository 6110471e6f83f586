import { add, cast, constant, div, exp, input, mul, reduceSum, slice, sub, type Value } from "../../graph/index.ts";
import { contrastiveLosses } from "../../losses/index.ts";
import { type ClipConfig, readTokens, textTower, type VisionTower, visionTower } from "../../models/clip/index.ts";
import type { NamedWeights } from "../../models/named-weights.ts";
import { gridOf } from "../../models/vit.ts";
import { SessionCache } from "../../runtime/session-cache.ts";
import { type Shape, type Tensor, tensor } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { inputOf, rowsOf } from "../feeds.ts";
import { type GraphSource, TrainedGraph } from "../trained-graph.ts";
import { packTexts } from "./pack-texts.ts";
import { regionFeeds, regionTerms, type TrainingRegions } from "./region-terms.ts";
import type { ContrastiveSettings } from "./settings.ts";
import { logitBias } from "./trained-tensors.ts";

/** A batch of image-text pairs. */
export interface TrainingPairs {
  /** Input of the image tower, 8 bits, [B, 3, S, S]. */
  readonly pixels: Tensor<"uint8">;
  /** Token ids of each text, without padding. */
  readonly ids: readonly (readonly number[])[];
  /** [B, B], 1 where text j is a negative of image i, 0 where it also describes that image; default: all are negatives. */
  readonly negatives?: Tensor<"float32"> | undefined;
  /** [B], 1 where text i describes image i, 0 where the image was cropped to something else; default: all do. */
  readonly paired?: Tensor<"float32"> | undefined;
  /** For the region terms, if their weight is not 0. */
  readonly regions?: TrainingRegions | undefined;
}

/** Features [B, E] of both sides before normalisation; row i of one belongs to row i of the other. */
export interface PairFeatures {
  readonly image: Tensor<"float32">;
  readonly text: Tensor<"float32">;
}

/** Inputs of a tower, and a key that depends only on their shapes. */
interface TowerFeeds {
  readonly key: string;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

/** Makes the graph of a tower, with inputs of the names and shapes of some feeds. */
type Tower = (feeds: TowerFeeds["feeds"], weights: NamedWeights) => Value;

/**
 * How many graphs of each kind are kept. Shapes repeat from batch to batch, and making a graph takes as long as several steps of a small
 * model. But each graph holds the memory of its largest run, so a large model keeps few.
 */
const keptBy = (trainedElements: number): number => (trainedElements < 20e6 ? 24 : 2);

/**
 * The gradient of one contrastive loss over a batch of any size in the memory of a chunk ("cached gradients").
 *
 *   1. embed all chunks, keeping nothing but their features
 *   2. the loss over the whole batch, and its gradient g at the features
 *   3. embed each chunk again, now keeping what the backward pass needs, and propagate its rows of g
 *
 * The third step adds up to the gradient of the whole batch, since features depend only on their own chunk. A batch of one
 * chunk needs no second pass through the image tower: its loss is part of the tower's graph, with the texts' features as inputs. The
 * region terms are sums over pairs, so they are computed in the third step, or in that graph. Their gradients at the phrases' features
 * are summed and propagated through the text tower.
 *
 * @see Gao et al. 2021, arXiv:2101.06983
 */
export class ContrastiveGradient {
  private readonly config: ClipConfig;
  private readonly settings: ContrastiveSettings;
  private readonly training: GraphSource;
  /** Whether a tower has a trained tensor. */
  private readonly isTrained: Readonly<Record<"image" | "text", boolean>>;
  private readonly graphs = new Map<string, SessionCache<TrainedGraph>>();

  constructor(config: ClipConfig, settings: ContrastiveSettings, training: GraphSource) {
    this.config = config;
    this.settings = settings;
    this.training = training;
    const names = [...training.state.tensors.keys()];
    this.isTrained = { image: names.some((name) => name.startsWith("visual.")), text: names.some((name) => name.startsWith("text.")) };
  }

  /** Embeddings of some pairs with the current weights. */
  async features({ pixels, ids }: TrainingPairs): Promise<PairFeatures> {
    const { embed } = this.config;
    const image = new Float32Array(ids.length * embed);
    const text = new Float32Array(ids.length * embed);
    for (const [from, to] of this.imageChunks(ids.length)) image.set(await this.embed("image", imageFeeds(pixels, from, to)), from * embed);
    for (const [from, to] of this.textChunks(ids))
      text.set(await this.embed("text", textFeeds(ids.slice(from, to), this.config)), from * embed);
    const shape = [ids.length, embed];
    return { image: tensor("float32", shape, image), text: tensor("float32", shape, text) };
  }

  /** The loss of features over their whole batch. */
  async loss({ image, text }: PairFeatures): Promise<number> {
    const graph = this.graph("loss", String(image.shape[0]), () =>
      TrainedGraph.forward(this.training, (weights) => ({
        loss: this.lossOf(featureInput("image", image.shape), featureInput("text", text.shape), weights),
      })),
    );
    return scalarOf((await graph.run({ image, text })).loss!);
  }

  /** Writes the gradient of a batch into the state. @returns its loss */
  async run(pairs: TrainingPairs): Promise<number> {
    return this.imageChunks(pairs.ids.length).length === 1 ? await this.inOne(pairs) : await this.inChunks(pairs);
  }

  async dispose(): Promise<void> {
    await thenDispose(async () => {}, ...this.graphs.values());
  }

  private async inOne(pairs: TrainingPairs): Promise<number> {
    const { pixels, ids } = pairs;
    const regions = this.regionsOf(pairs);
    const { config, settings } = this;
    const relations = relationsOf(pairs);
    // Captions and phrases go through the text tower together.
    const texts = textFeeds([...ids, ...(regions?.ids ?? [])], config);
    const features = tensor("float32", [ids.length + (regions?.ids.length ?? 0), config.embed], await this.embed("text", texts));
    const images = imageFeeds(pixels, 0, ids.length);
    const known = regions ? regionFeeds(regions, 0, ids.length, settings) : {};
    const graph = this.graph("image and loss", keyOf(images.key, relations, regions), () =>
      TrainedGraph.backward(this.training, (weights) => {
        const given = featureInput("text", features.shape);
        const tower = this.imageTower(images.feeds, weights);
        const contrastive = this.lossOf(tower.features, slice(given, 0, 0, ids.length), weights, relations);
        const terms = regions && {
          phrases: slice(given, 0, ids.length, features.shape[0]!),
          options: { config, settings, block: regions.noised?.block },
        };
        const loss = terms ? add(contrastive, regionTerms(tower, terms.phrases, known, weights, terms.options)) : contrastive;
        return { loss, ...(this.isTrained.text && { wrt: { text: given } }) };
      }),
    );
    const outputs = await graph.run({ ...images.feeds, ...known, text: features, ...relations });
    if (outputs.text) await this.propagate("text", texts, outputs.text as Tensor<"float32">, true);
    return scalarOf(outputs.loss!);
  }

  private async inChunks(pairs: TrainingPairs): Promise<number> {
    const relations = relationsOf(pairs);
    const regions = this.regionsOf(pairs);
    const { image, text } = await this.features(pairs);
    const graph = this.graph("loss and gradient", keyOf(String(image.shape[0]), relations), () =>
      TrainedGraph.backward(this.training, (weights) => {
        const wrt = { image: featureInput("image", image.shape), text: featureInput("text", text.shape) };
        return { loss: this.lossOf(wrt.image, wrt.text, weights, relations), wrt };
      }),
    );
    const outputs = await graph.run({ image, text, ...relations });
    const rows = (side: "image" | "text", from: number, to: number) => rowsOf(outputs[side] as Tensor<"float32">, from, to);
    for (const [from, to] of this.isTrained.image && !regions ? this.imageChunks(pairs.ids.length) : [])
      await this.propagate("image", imageFeeds(pairs.pixels, from, to), rows("image", from, to), from === 0);
    const ofRegions = regions && (await this.propagateWithRegions(pairs.pixels, outputs.image as Tensor<"float32">, regions));
    for (const [from, to] of this.isTrained.text ? this.textChunks(pairs.ids) : [])
      await this.propagate("text", textFeeds(pairs.ids.slice(from, to), this.config), rows("text", from, to), from === 0);
    if (regions && ofRegions?.atPhrases) await this.propagate("text", textFeeds(regions.ids, this.config), ofRegions.atPhrases, false);
    return scalarOf(outputs.loss!) + (ofRegions?.loss ?? 0);
  }

  /**
   * The third step of the image tower, with the region terms.
   *
   * @param rows - the contrastive loss's gradient at the images' features [B, E]
   * @returns the terms over the whole batch and, if the text tower is trained, their gradient at the phrases' features [P, E]
   */
  private async propagateWithRegions(
    pixels: Tensor<"uint8">,
    rows: Tensor<"float32">,
    regions: TrainingRegions,
  ): Promise<{ loss: number; atPhrases?: Tensor<"float32"> }> {
    const shape = [regions.ids.length, this.config.embed];
    const phrases = tensor("float32", shape, await this.embed("text", textFeeds(regions.ids, this.config)));
    const atPhrases = new Float32Array(phrases.data.length);
    let loss = 0;
    for (const [from, to] of this.imageChunks(rows.shape[0]!)) {
      const { key, feeds } = imageFeeds(pixels, from, to);
      const { config, settings } = this;
      const known = regionFeeds(regions, from, to, settings);
      const part = rowsOf(rows, from, to);
      const graph = this.graph("propagate image and regions", keyOf(key, {}, regions), () =>
        TrainedGraph.backward(this.training, (weights) => {
          const tower = this.imageTower(feeds, weights);
          const given = featureInput("phrases", shape);
          const terms = regionTerms(tower, given, known, weights, { config, settings, block: regions.noised?.block });
          const contrastive = reduceSum(mul(tower.features, featureInput("rows", part.shape)));
          return { loss: add(contrastive, terms), report: { terms }, ...(this.isTrained.text && { wrt: { phrases: given } }) };
        }),
      );
      const outputs = await graph.run({ ...feeds, ...known, rows: part, phrases }, from === 0);
      loss += scalarOf(outputs.terms!);
      for (const [i, value] of (outputs.phrases?.data as Float32Array | undefined)?.entries() ?? []) atPhrases[i]! += value;
    }
    return { loss, ...(this.isTrained.text && { atPhrases: tensor("float32", shape, atPhrases) }) };
  }

  /** The regions, if the weight of a region term is above 0. */
  private regionsOf({ regions }: TrainingPairs): TrainingRegions | undefined {
    const { regionWeight, denseWeight, diceWeight, presenceWeight, noisedWeight } = this.settings;
    return regionWeight + denseWeight + diceWeight + presenceWeight + noisedWeight > 0 ? regions : undefined;
  }

  private async embed(side: "image" | "text", { key, feeds }: TowerFeeds): Promise<Float32Array<ArrayBuffer>> {
    const graph = this.graph(`embed ${side}`, key, () =>
      TrainedGraph.forward(this.training, (weights) => ({ features: this.tower(side)(feeds, weights) })),
    );
    return (await graph.run(feeds)).features!.data as Float32Array<ArrayBuffer>;
  }

  /** Runs a tower with the gradient at its features, `rows` [n, E], back to its trained tensors. */
  private async propagate(side: "image" | "text", { key, feeds }: TowerFeeds, rows: Tensor<"float32">, isFirst: boolean): Promise<void> {
    const graph = this.graph(`propagate ${side}`, key, () =>
      TrainedGraph.backward(this.training, (weights) => ({
        loss: reduceSum(mul(this.tower(side)(feeds, weights), featureInput("rows", rows.shape))),
      })),
    );
    await graph.run({ ...feeds, rows }, isFirst);
  }

  private graph(kind: string, key: string, open: () => Promise<TrainedGraph>): Pick<TrainedGraph, "run"> {
    const cache = this.graphs.get(kind) ?? new SessionCache<TrainedGraph>(keptBy(this.training.state.size));
    this.graphs.set(kind, cache);
    return { run: (feeds, isFirst) => cache.use(key, open, (graph) => graph.run(feeds, isFirst)) };
  }

  private tower(side: "image" | "text"): Tower {
    return side === "image"
      ? (feeds, weights) => this.imageTower(feeds, weights).features
      : (feeds, weights) => {
          const packing = {
            places: inputOf(feeds, "places"),
            mask: inputOf(feeds, "mask"),
            read: inputOf(feeds, "read"),
            readMask: inputOf(feeds, "readMask"),
          };
          return textTower(inputOf(feeds, "ids"), weights, this.config, packing).features;
        };
  }

  private imageTower(feeds: TowerFeeds["feeds"], weights: NamedWeights): VisionTower {
    return visionTower(normalised(inputOf(feeds, "pixels"), this.config), weights, this.config);
  }

  private lossOf(image: Value, text: Value, weights: NamedWeights, relations: Relations = {}): Value {
    const { loss, temperature = 0.6, learnTemperature, alpha, beta1, beta2, detachWeights } = this.settings;
    const scale = learnTemperature ? exp(weights.get("logit_scale")) : 1 / temperature;
    const bias = loss === "siglip" ? { bias: weights.get(logitBias) } : {};
    const given = Object.fromEntries(Object.entries(relations).map(([name, { shape }]) => [name, featureInput(name, shape)]));
    return contrastiveLosses[loss](image, text, { scale, alpha, beta1, beta2, detachWeights, ...bias, ...given });
  }

  /** A batch in parts of nearly equal size, [from, to). */
  private imageChunks(size: number): [from: number, to: number][] {
    const count = Math.ceil(size / this.settings.chunk);
    const length = Math.ceil(size / count);
    return Array.from({ length: Math.ceil(size / length) }, (_, i) => [i * length, Math.min(size, (i + 1) * length)]);
  }

  /** Texts have fewer tokens than images: a part has at most as many tokens as a chunk of images, or is a single text. */
  private textChunks(ids: TrainingPairs["ids"]): [from: number, to: number][] {
    const limit = this.settings.chunk * (gridOf(this.config.vision) ** 2 + 1);
    const chunks: [number, number][] = [];
    let tokens = 0;
    for (const [i, { length }] of ids.entries()) {
      const last = chunks.at(-1);
      const fits = last !== undefined && tokens + length <= limit;
      if (fits) last[1] = i + 1;
      else chunks.push([i, i + 1]);
      tokens = fits ? tokens + length : length;
    }
    return chunks;
  }
}

function imageFeeds(pixels: Tensor<"uint8">, from: number, to: number): TowerFeeds {
  return { key: String(to - from), feeds: { pixels: rowsOf(pixels, from, to) } };
}

function textFeeds(ids: readonly (readonly number[])[], config: ClipConfig): TowerFeeds {
  const texts = ids.map((text) => readTokens(text, config));
  const { rows, length, feeds } = packTexts(texts, config.text.endToken === undefined ? "first" : "last");
  return { key: `${ids.length} texts in ${rows} x ${length}`, feeds };
}

/** Pixels as the image tower takes them: in [0, 1], minus mean, over standard deviation. */
function normalised(pixels: Value, { mean, std }: ClipConfig): Value {
  const perChannel = (values: readonly number[]) => constant(tensor("float32", [3, 1, 1], Float32Array.from(values)));
  return div(sub(div(cast(pixels, "float32"), 255), perChannel(mean)), perChannel(std)); // [B, 3, S, S]
}

function featureInput(name: string, shape: Shape): Value {
  return input(name, "float32", shape);
}

/** What the loss is told about the pairs, by the names of its options. */
type Relations = { readonly [name in "negatives" | "paired"]?: Tensor<"float32"> };

function relationsOf({ negatives, paired }: TrainingPairs): Relations {
  return { ...(negatives && { negatives }), ...(paired && { paired }) };
}

/** Graphs that are told about the pairs, or with regions, have more inputs. */
function keyOf(key: string, relations: Relations, regions?: TrainingRegions): string {
  const phrases = regions && `, ${regions.ids.length} phrases${regions.noised ? `, noised behind ${regions.noised.block}` : ""}`;
  return [key, ...Object.keys(relations)].join(", ") + (phrases ?? "");
}

function scalarOf({ data }: Tensor): number {
  return data[0] as number;
}
