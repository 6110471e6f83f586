import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, input } from "../../src/graph/index.ts";
import { unet, unetFamily } from "../../src/models/unet/index.ts";
import { Weights } from "../../src/models/weights.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expectClose } from "./close.ts";
import { strided } from "./sam-cases.ts";
import { readCase } from "./shared-data.ts";
import { type Architecture, configOf, picture, writeUNet } from "./unet-cases.ts";

interface NetworkCase {
  readonly weight_seed: number;
  readonly input_seed: number;
  readonly architecture: Architecture;
  readonly input_channels: number;
  readonly num_classes: number;
  /** picture('NAME', [n, c, h, w], seed) */
  readonly input: string;
  readonly head_stride: number;
  /** How many heads, from the first on, are strided. */
  readonly heads_strided: number;
  readonly skip_channel_stride: 1 | "C//8";
  readonly skip_stride: number;
}

/** Compares heads and encoder stages of a network with the reference; the full-size head also without deep supervision. */
export async function compareNetwork(file: string, tolerance: number): Promise<void> {
  const { tensors, settings } = await readCase<NetworkCase>(file);
  const config = configOf(settings.architecture, settings.input_channels, settings.num_classes);
  const folder = await mkdtemp(join(tmpdir(), "medclip-sam-"));
  const weights = await Weights.open(await writeUNet(join(folder, "unet.safetensors"), config, settings.weight_seed), unetFamily);
  const [, name, shape] = /^picture\('(.+)', (\[[\d, ]+\]), seed\)$/.exec(settings.input)!;
  const image = picture(name!, JSON.parse(shape!), settings.input_seed);
  const given = tensors.get("input");
  if (given) expectClose(image.data, given.data as Float32Array, 1e-6, "input");

  const x = input("image", "float32", image.shape);
  const { heads, stages } = unet(x, weights, config, { deepSupervision: true });
  const [alone] = unet(x, weights, config, { deepSupervision: false }).heads;
  const [forward] = unet(x, weights, config, { deepSupervision: false, isForwardOnly: true }).heads;
  const named = [
    ...heads.map((head, i) => [`head${i}`, head] as const),
    ...stages.map((stage, i) => [`encoder_stage${i}`, stage] as const),
  ];
  const session = await compile({ ...Object.fromEntries(named), alone: alone!, forward: forward! });
  const results = (await session.run({ image })) as Record<string, Tensor<"float32">>;
  await session.dispose();
  await rm(folder, { recursive: true });

  expectClose(results.alone!.data, results.head0!.data, 0, "the full-size head without deep supervision");
  expectClose(results.forward!.data, results.head0!.data, tolerance, "the full-size head of a graph that is only run forward");
  for (const [name, expected] of tensors) {
    if (name === "input") continue;
    const { data, shape } = results[name]!;
    const head = /^head(\d+)$/.exec(name);
    const stride = head ? (Number(head[1]) < settings.heads_strided ? settings.head_stride : 1) : settings.skip_stride;
    const step = head || settings.skip_channel_stride === 1 ? 1 : Math.max(1, Math.floor(shape[1]! / 8));
    const pixels = strided(data, shape, [2, 3], stride);
    const count = pixels.length / (shape[0]! * shape[1]!);
    // Each step-th channel.
    const some = pixels.filter((_, i) => (Math.floor(i / count) % shape[1]!) % step === 0);
    expectClose(some, expected.data as Float32Array, tolerance, name);
  }
}
