import { compile, flopsOf, input, type Value } from "../src/graph/index.ts";
import { locateClip } from "../src/hub/locate.ts";
import type { Box, Image, Mask } from "../src/image/index.ts";
import { dsc, nsd } from "../src/metrics/index.ts";
import { clipTensors, openClipWeights, textTower, visionTower } from "../src/models/clip/index.ts";
import { maskDecoder, promptEncoder, samFamily, samTensors } from "../src/models/sam/index.ts";
import { Weights } from "../src/models/weights.ts";
import { loadClip, loadSam } from "../src/pipeline/models/model.ts";
import { CommonSettings } from "../src/pipeline/settings.ts";
import { SaliencySettings } from "../src/pipeline/zero-shot/settings/saliency.ts";
import { SaliencyStep } from "../src/pipeline/zero-shot/steps/saliency-step.ts";
import type { StageTimes } from "../src/pipeline/zero-shot/steps/stage-times.ts";
import type { SessionOptions } from "../src/runtime/session.ts";
import type { SaliencyMethodName } from "../src/saliency/index.ts";
import { SamAffinity, type SamOptions } from "../src/segment/index.ts";
import { normal, uniform } from "../src/tensor/random.ts";
import { type Shape, sizeOf, tensor } from "../src/tensor/tensor.ts";
import { ContrastiveSettings, ContrastiveTrainer } from "../src/train/index.ts";
import { benchModel, sentence } from "./models.ts";
import { onePassMethods } from "./rows.ts";

/** A prepared workload: models are open, the first run creates the sessions. */
export interface Workload {
  /** @param index - number of the run; inputs that would be new in a real call depend on it */
  run(index: number): Promise<StageTimes | undefined>;
  /** Multiplications and additions of the matrix products of one run. */
  readonly flops: number;
  /** Bytes that a run must read at least once: its weights, or its pictures. */
  readonly bytes: number;
}

const tokens = 20;

/** The workloads that `worker.ts` times, by the names of `rows`. */
export const workloads: Readonly<Record<string, (options: SessionOptions) => Promise<Workload>>> = {
  "m2ib-7-fast": (options) => m2ib(7, options, true),
  "vit-1": (options) => vit(1, options),
  "vit-10": (options) => vit(10, options),
  text,
  "m2ib-7": (options) => m2ib(7, options),
  "m2ib-9": (options) => m2ib(9, options),
  ...Object.fromEntries(onePassMethods.map((name) => [name, (options: SessionOptions) => onePass(name, options)])),
  "sam-affinity": samAffinity,
  "sam-image": (options) => samImage(options),
  "sam-image-int8": (options) => samImage({ ...options, precision: "int8" }),
  "sam-box": samBox,
  evaluate,
  "finetune-16": (options) => finetune(16, options),
  "finetune-64": (options) => finetune(64, options),
};

async function vit(batch: number, options: SessionOptions): Promise<Workload> {
  const { clip } = await loadClip(await benchModel("biomedclip"), undefined, options);
  const shape = [batch, 3, 224, 224];
  const { features } = visionTower(input("pixels", "float32", shape), clip.weights, clip.config);
  const session = await compile({ features }, options);
  const pixels = tensor("float32", shape, normal("pixels", 1, sizeOf(shape)));
  return {
    run: async () => void (await session.run({ pixels })),
    flops: flopsOf([features]),
    bytes: bytesOf(clipTensors(clip.config), "visual."),
  };
}

async function text(options: SessionOptions): Promise<Workload> {
  const { clip, tokenizer } = await loadClip(await benchModel("biomedclip"), undefined, options);
  const { features } = textTower(input("ids", "int64", [1, tokens]), clip.weights, clip.config);
  return {
    run: async (index) => void (await clip.textFeatures(tokenizer.encode(sentence(tokens, index)).ids)),
    flops: flopsOf([features]),
    bytes: bytesOf(clipTensors(clip.config), "text.transformer.encoder."),
  };
}

/** All steps of `saliency` for an image in memory: text features, the image as the model sees it, noise, ten steps, the map over the image. */
async function m2ib(layer: number, options: SessionOptions, fast = false): Promise<Workload> {
  const model = await loadClip(await benchModel("biomedclip"), undefined, options);
  const { clip } = model;
  const settings = { ...CommonSettings.parse({}), ...SaliencySettings.parse({ layer, fast }) };
  const step = new SaliencyStep(model, settings);
  const view = picture(512);
  const { image, text } = step.method.flops();
  const { features } = textTower(input("ids", "int64", [1, tokens]), clip.weights, clip.config);
  return {
    run: async (index) => {
      const ms: StageTimes = {};
      await step.run(view, `image-${index}`, [[sentence(tokens, index)]], ms);
      return ms;
    },
    flops: image + text + flopsOf([features]),
    bytes: bytesOf(clipTensors(clip.config), "visual.") + bytesOf(clipTensors(clip.config), "text.transformer.encoder."),
  };
}

/** The map of an image by a method of one pass, for a text whose features are known: compare with `vit-1`. */
async function onePass(saliencyMethod: SaliencyMethodName, options: SessionOptions): Promise<Workload> {
  const model = await loadClip(await benchModel("biomedclip"), undefined, options);
  const step = new SaliencyStep(model, { ...CommonSettings.parse({}), ...SaliencySettings.parse({ saliencyMethod }) });
  const view = picture(224);
  const { image, text } = step.method.flops();
  return {
    run: async (index) => {
      const ms: StageTimes = {};
      await step.run(view, `image-${index}`, [[sentence(tokens, 0)]], ms);
      return ms;
    },
    flops: image + text,
    bytes: bytesOf(clipTensors(model.clip.config), "visual."),
  };
}

/** A map of 1024 x 1024 spread over an embedding of 64 x 64 places with 256 channels. */
async function samAffinity(options: SessionOptions): Promise<Workload> {
  const [side, grid, channels] = [1024, 64, 256];
  const affinity = new SamAffinity(options);
  const size = { width: side, height: side };
  const shape = [1, channels, grid, grid];
  const embedding = { values: tensor("float32", shape, normal("embedding", 1, sizeOf(shape))), size, resized: size, side };
  const random = uniform("map", 1);
  const map = { ...size, data: Float32Array.from({ length: side ** 2 }, (_, i) => random.at(i)) };
  return {
    run: async () => void (await affinity.spread(map, embedding)),
    flops: 2 * grid ** 4 * (channels + 1 + 2),
    bytes: 4 * sizeOf(shape),
  };
}

async function samImage(options: SamOptions): Promise<Workload> {
  const { sam } = await loadSam(await benchModel("sam-vit-b"), options);
  const image = picture(1024);
  return {
    run: async () => void (await sam.setImage(image)),
    flops: sam.flops(),
    bytes: bytesOf(samTensors(sam.config), "image_encoder."),
  };
}

/** A prompt on an image whose embedding is known: prompt encoder, mask decoder, upsampling to 512 x 512, threshold. */
async function samBox(options: SessionOptions): Promise<Workload> {
  const { sam, samFiles } = await loadSam(await benchModel("sam-vit-b"), options);
  await sam.setImage(picture(512));
  const weights = await Weights.open(samFiles.weights, samFamily);
  const prompt = promptEncoder({ boxes: input("boxes", "float32", [1, 4]) }, weights, sam.config);
  const { logits, iou } = maskDecoder(input("embedding", "float32", [1, 256, 64, 64]), prompt, weights, sam.config);
  return {
    run: async (index) => {
      const box: Box = { x0: 60 + (index % 40), y0: 80, x1: 350, y1: 320 + (index % 50) };
      const [prediction] = await sam.predict({ boxes: [box] });
      prediction!.mask();
      return undefined;
    },
    flops: flopsOf([logits, iou]),
    bytes: bytesOf(samTensors(sam.config), "mask_decoder."),
  };
}

/** A training step on noise and synthetic captions whose lengths are spread around 45 tokens, as the reference's script makes them. */
async function finetune(batch: number, options: SessionOptions): Promise<Workload> {
  const files = await locateClip(await benchModel("biomedclip"));
  const trainer = await ContrastiveTrainer.open(files, ContrastiveSettings.parse({}), { stepsPerEpoch: 100, epochs: 1 }, options);
  const random = uniform("pairs", 1);
  const shape = [batch, 3, 224, 224];
  const pixels = tensor(
    "uint8",
    shape,
    Uint8Array.from({ length: sizeOf(shape) }, (_, i) => 256 * random.at(i)),
  );
  const lengths = Array.from({ length: batch }, (_, i) => Math.floor(45 * (0.5 + (i + 0.5) / batch)));
  const ids = lengths.map((length, i) => Array.from({ length }, (_, k) => 1000 + Math.floor(29_000 * random.at(1000 * i + k))));
  const weights = await openClipWeights(files.weights);
  const image = visionTower(input("pixels", "float32", shape), weights, trainer.config).features;
  const texts = lengths.map((length) => textTower(input(`ids${length}`, "int64", [1, length]), weights, trainer.config).features);
  return {
    run: async () => void (await trainer.step({ pixels, ids })),
    // A backward pass multiplies twice as much as a forward pass.
    flops: 3 * (flopsOf([image]) + texts.reduce((sum, text) => sum + flopsOf([text]), 0)),
    bytes: 4 * trainer.size,
  };
}

async function evaluate(): Promise<Workload> {
  const [pairs, size] = [100, 512];
  const data = Array.from({ length: pairs }, (_, i) => maskPair(size, i));
  return {
    run: async () => {
      for (const [mask, truth] of data) if (!(dsc(mask, truth) > 0.5 && nsd(mask, truth) > 0.5)) throw new Error("the pairs are not alike");
      return undefined;
    },
    flops: 0,
    bytes: 2 * pairs * size * size,
  };
}

/** Speed of reading memory, in bytes a second: a product of one row with a matrix that no cache holds, the best of a few runs. */
export async function readingSpeed(options: SessionOptions): Promise<number> {
  const { constant, matmul } = await import("../src/graph/index.ts");
  const [rows, columns] = [4096, 16_384];
  const matrix = tensor("float32", [rows, columns], new Float32Array(rows * columns).fill(1e-3));
  const row: Value = input("x", "float32", [1, rows]);
  const session = await compile({ y: matmul(row, constant(matrix)) }, options);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    await session.run({ x: tensor("float32", [1, rows], new Float32Array(rows)) });
    best = Math.min(best, performance.now() - start);
  }
  await session.dispose();
  return (4 * rows * columns) / (best / 1000);
}

function bytesOf(tensors: ReadonlyMap<string, Shape>, prefix: string): number {
  return 4 * [...tensors].reduce((sum, [name, shape]) => sum + (name.startsWith(prefix) ? sizeOf(shape) : 0), 0);
}

function picture(side: number): Image {
  const random = uniform("picture", 1);
  return { width: side, height: side, data: Uint8Array.from({ length: 3 * side * side }, (_, i) => Math.floor(256 * random.at(i))) };
}

/** An ellipse with a rough edge and one that misses it a little, drawn as the reference's script draws them. */
function maskPair(size: number, seed: number): [Mask, Mask] {
  const random = uniform("pairs", seed);
  const within = (i: number, low: number, high: number) => (low + (high - low) * random.at(i)) * size;
  const [cx, cy, rx, ry] = [within(0, 0.3, 0.7), within(1, 0.3, 0.7), within(2, 0.08, 0.25), within(3, 0.08, 0.25)];
  // Waves with random phases, about as rough as smoothed noise.
  const wave = (x: number, y: number) =>
    [31, 47, 73].reduce(
      (sum, length, i) => sum + Math.sin(x / length + 7 * random.at(10 + i)) * Math.sin(y / length + 7 * random.at(20 + i)),
      0,
    ) * 0.12;
  const draw = (inside: (x: number, y: number) => boolean): Mask => {
    const data = new Uint8Array(size * size);
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) data[y * size + x] = inside(x, y) ? 1 : 0;
    return { width: size, height: size, data };
  };
  return [
    draw((x, y) => ((x - cx - size / 60) / (rx * 1.05)) ** 2 + ((y - cy + size / 80) / ry) ** 2 - wave(x, y) < 1),
    draw((x, y) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + wave(x, y) < 1),
  ];
}
