import { ShapeError } from "../../errors.ts";
import { compile, input, type Value } from "../../graph/index.ts";
import type { Image } from "../../image/types.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { SessionCache } from "../../runtime/session-cache.ts";
import { SharedSession } from "../../runtime/shared-session.ts";
import type { WeightsFile } from "../../tensor/open-weights.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { finite } from "../finite.ts";
import type { Weights } from "../weights.ts";
import type { ClipConfig } from "./config.ts";
import type { ConfigHints } from "./config-hints.ts";
import { clipTensors, openClipWeights } from "./families.ts";
import { clipConfigOf, clipNotes } from "./model-config.ts";
import { readTokens, textTower, visionTower } from "./towers.ts";

/** Text sessions kept ready: sentences of a run have few different lengths. */
const keptTextSessions = 4;

/** A text-image model of any family, ready to embed images and texts. It holds sessions: call `dispose` when done. */
export class ClipModel {
  readonly weights: Weights;
  readonly config: ClipConfig;
  /** From the files beside the weights. */
  readonly hints: ConfigHints;
  readonly options: SessionOptions;
  private readonly vision = new SharedSession(() => compile({ features: this.visionFeatures() }, this.options));
  private readonly text = new SessionCache(keptTextSessions);

  private constructor(weights: Weights, config: ClipConfig, hints: ConfigHints, options: SessionOptions) {
    this.weights = weights;
    this.config = config;
    this.hints = hints;
    this.options = options;
  }

  /**
   * Opens a weights file; nothing is computed or copied yet.
   *
   * @throws WeightsError when a tensor is missing, surplus or misshapen
   */
  static async open(file: WeightsFile, hints: ConfigHints = {}, options: SessionOptions = {}): Promise<ClipModel> {
    const weights = await openClipWeights(file);
    const config = clipConfigOf(weights, hints);
    weights.check(clipTensors(config));
    return new ClipModel(weights, config, hints, options);
  }

  /** Notes about the file and the model: what was chosen, assumed or adapted. */
  get notes(): readonly string[] {
    return [...this.weights.notes, ...clipNotes(this.config, this.hints)];
  }

  /** Features [E] of an image in the shared space, before normalisation. `view` is what the model sees: S x S pixels. */
  async imageFeatures(view: Image): Promise<Float32Array> {
    return await this.pixelFeatures(this.normalised(view));
  }

  /** The same of normalised pixels [1, 3, S, S]. */
  async pixelFeatures(pixels: Tensor<"float32">): Promise<Float32Array> {
    const { features } = await this.vision.use((tower) => tower.run({ pixels }));
    return finite(features!.data as Float32Array, "the features of the image", this.weights.file);
  }

  /** Features [E] of a text in the shared space, before normalisation. */
  async textFeatures(ids: readonly number[]): Promise<Float32Array> {
    const read = readTokens(ids, this.config);
    const { length } = read;
    const feeds = { ids: tensor("int64", [1, length], BigInt64Array.from(read, BigInt)) };
    // Shapes are static, so each length of text has a session. They run once or a few times: weights are not prepacked.
    const open = () => {
      const { features } = textTower(input("ids", "int64", [1, length]), this.weights, this.config);
      return compile({ features }, { ...this.options, prepack: false });
    };
    const { features } = await this.text.use(String(length), open, (tower) => tower.run(feeds));
    return finite(features!.data as Float32Array, "the features of the text", this.weights.file);
  }

  /** Pixels as the image tower takes them: [1, 3, S, S], in [0, 1], minus mean, over standard deviation. */
  normalised({ width, height, data }: Image): Tensor<"float32"> {
    const { vision, mean, std } = this.config;
    if (width !== vision.imageSize || height !== vision.imageSize) {
      throw new ShapeError(`the image tower sees ${vision.imageSize} x ${vision.imageSize} pixels, got ${width} x ${height}`);
    }
    const plane = width * height;
    const pixels = new Float32Array(3 * plane);
    for (let c = 0; c < 3; c++) for (let i = 0; i < plane; i++) pixels[c * plane + i] = (data[3 * i + c]! / 255 - mean[c]!) / std[c]!;
    return tensor("float32", [1, 3, height, width], pixels);
  }

  /** Disposes of the sessions; later calls open them again. */
  async dispose(): Promise<void> {
    await thenDispose(() => this.vision.dispose(), this.text);
  }

  private visionFeatures(): Value {
    const { imageSize } = this.config.vision;
    return visionTower(input("pixels", "float32", [1, 3, imageSize, imageSize]), this.weights, this.config).features;
  }
}
