import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../atomic-write.ts";
import { readGray, writeMask, writeRgb } from "../formats/gray.ts";
import { initModel } from "../hub/init.ts";
import type { Image, Mask } from "../image/index.ts";
import { dsc } from "../metrics/index.ts";
import { uniform } from "../tensor/random.ts";
import { readSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { outputFile } from "./_outputs.ts";
import type { RunOptions } from "./_run.ts";
import type { RunEvent } from "./events.ts";
import { readImageRecords } from "./run-record.ts";
import { runSegment } from "./segment.ts";
import { SegmentSettings } from "./settings.ts";

const prompt = "A medical breast ultrasound showing a dark round lesion";
const size = { width: 384, height: 288 };
/** Centre and radii of the drawn lesion in pixels. */
const lesion = { x: 210, y: 128, rx: 58, ry: 38 };

/**
 * The whole road without anything from outside: a drawn scan, a vocabulary made of its prompt, and tiny models whose weights
 * are random. It shows that everything works and where results lie; the mask itself means nothing.
 */
export async function* runDemo(
  settings: { readonly out: string; readonly seed: number; readonly threads?: number | undefined },
  options: RunOptions = {},
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { out, seed, threads } = settings;
  const at = (...parts: string[]) => join(out, ...parts);
  await mkdir(at("models"), { recursive: true });
  yield { type: "stage", message: "drawing a scan and making tiny models with random weights" };
  await writeRgb(at("input", "scan.png"), drawScan(seed));
  await writeMask(at("truth", "scan.png"), drawLesion());
  await writeAtomic(at("models", "vocab.txt"), vocabulary(prompt));
  await initModel("biomedclip-tiny", at("models", "biomedclip-tiny"), { seed, vocabulary: at("models", "vocab.txt") });
  const [sam] = await initModel("sam-tiny", at("models", "sam-tiny"), { seed });
  await smoothMasks(sam!);
  const run = SegmentSettings.parse({
    inputs: [at("input", "scan.png")],
    prompt: [prompt],
    out,
    clip: at("models", "biomedclip-tiny"),
    sam: at("models", "sam-tiny"),
    seed,
    overwrite: true,
    ...(threads !== undefined && { threads }),
  });
  let failed = 0;
  for await (const event of runSegment(run, options)) {
    if (event.type === "end") failed = event.failed;
    else yield event;
  }
  const record = (await readImageRecords(out)).get("scan");
  const mask = await readGray(outputFile(out, "masks", "scan"));
  const agreement = dsc({ ...mask, data: mask.data.map((level) => (level > 127 ? 1 : 0)) }, drawLesion());
  const ms = Math.round(performance.now() - start);
  const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
  const lines = [
    `scan       ${at("input", "scan.png")}`,
    `prompt     "${prompt}"`,
    ...(["saliency", "coarse", "masks", "overlay"] as const).map((folder) => `${folder.padEnd(10)} ${outputFile(out, folder, "scan")}`),
    `record     ${at("run.json")}`,
    `scores     SAM expects an IoU of ${record?.scores?.map((score) => score.toFixed(3)).join(", ") ?? "-"}; DSC with the drawn lesion ${agreement.toFixed(3)}`,
    `time       ${Object.entries(record?.ms ?? {})
      .map(([stage, value]) => `${stage} ${seconds(value)}`)
      .join(", ")}; ${seconds(ms)} in all`,
    "",
    "The weights of both models are RANDOM: this shows that the whole road works on this machine, not what it can find.",
    "With published weights: medclip-sam segment IMAGE --prompt TEXT --clip biomedclip --sam sam_vit_b_01ec64.pth --out DIR",
  ];
  yield { type: "end", done: failed > 0 ? 0 : 1, skipped: 0, failed, ms, lines };
}

/**
 * Random weights in SAM's two upscaling layers give every mask a texture of 4 x 4 pixels. With the same weights for the four
 * pixels that each layer makes of one, masks are blobs, as those of a trained model.
 */
async function smoothMasks(file: string): Promise<void> {
  const { tensors, metadata } = await readSafetensors(file);
  for (const layer of [0, 3]) {
    const { data, shape } = tensors.get(`mask_decoder.output_upscaling.${layer}.weight`) as Tensor<"float32">; // [in, out, 2, 2]
    const taps = shape[2]! * shape[3]!;
    for (let i = 0; i < data.length; i++) data[i] = data[i - (i % taps)]!;
  }
  await writeSafetensors(file, Object.fromEntries(tensors), metadata);
}

/** A plain cousin of a breast ultrasound: skin, fat and muscle as bright and dark layers, speckle, a dark ellipse with its shadow. */
function drawScan(seed: number): Image {
  const { width, height } = size;
  const data = new Uint8Array(width * height * 3);
  const grain = uniform("demo/speckle", seed);
  // Speckle grains are about two pixels wide; the root of a product of uniform numbers has their long dark tail.
  const speckle = (x: number, y: number) => {
    const at = (dx: number, dy: number) =>
      grain.at(2 * ((y + dy) * (width + 1) + x + dx)) * grain.at(2 * ((y + dy) * (width + 1) + x + dx) + 1);
    return 0.3 + 1.45 * Math.sqrt((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const depth = (y + 6 * Math.sin(x / 37) + 3 * Math.sin(x / 11 + 1)) / height;
      const skin = 0.35 * Math.exp(-((depth / 0.05) ** 2));
      const fibres = 0.12 * Math.sin(depth * 34 + Math.sin(x / 23)) * (depth > 0.2 && depth < 0.75 ? 1 : 0.3);
      const r = insideLesion(x + 2 * Math.sin(y / 5), y + 2 * Math.sin(x / 7));
      const tissue = 0.5 + skin + fibres - 0.3 * depth;
      // The edge of the lesion is soft, and the beam that crosses it comes out weaker.
      const lesionShare = 1 / (1 + Math.exp(18 * (r - 1)));
      const beam = y > lesion.y ? Math.exp(-(((x - lesion.x) / (0.7 * lesion.rx)) ** 4)) : 0;
      const brightness = (tissue * (1 - lesionShare) + 0.13 * lesionShare) * (1 - 0.35 * beam * (1 - lesionShare));
      data.fill(Math.max(0, Math.min(255, Math.round(255 * brightness * speckle(x, y)))), 3 * (y * width + x), 3 * (y * width + x) + 3);
    }
  }
  return { ...size, data };
}

function drawLesion(): Mask {
  const { width, height } = size;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = insideLesion(x, y) < 1 ? 1 : 0;
  return { ...size, data };
}

/** Below 1 inside the ellipse. */
function insideLesion(x: number, y: number): number {
  return Math.hypot((x - lesion.x) / lesion.rx, (y - lesion.y) / lesion.ry);
}

/** A BERT vocabulary of the special tokens, the letters, and the words of a text. */
function vocabulary(text: string): string {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789".split("");
  const words = [
    ...new Set(
      text
        .toLowerCase()
        .split(/\W+/)
        .filter((word) => word.length > 1),
    ),
  ];
  return `${["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...letters, ...letters.map((letter) => `##${letter}`), ...words].join("\n")}\n`;
}
