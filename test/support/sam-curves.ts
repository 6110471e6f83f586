import { expect, test } from "vitest";
import { locateSam } from "../../src/hub/locate.ts";
import { normal } from "../../src/tensor/random.ts";
import { toFloat32 } from "../../src/tensor/stored-tensor.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { PromptableSettings, PromptableTrainer, type TrainingPrompt } from "../../src/train/index.ts";
import { expectClose } from "./close.ts";
import { randomModel } from "./models.ts";
import { strided } from "./sam-cases.ts";
import { describeCases, readCase } from "./shared-data.ts";

/** Metadata of a training of SAM's decoder. */
interface Curve {
  /** Such as "medsam on mask 0" or "sam on masks 1..3". */
  readonly loss: string;
  readonly trained: string;
  readonly optimizer: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
  };
  /** Samples of each step, in turn. */
  readonly batches: readonly (readonly number[])[];
  readonly steps: { readonly loss: number[]; readonly grad_norm: number[] };
}

/** The settings of a case, by our names. */
function settingsOf({ loss, trained, optimizer: { lr, betas, eps, weight_decay } }: Curve): PromptableSettings {
  return PromptableSettings.parse({
    ...(loss.startsWith("medsam") ? { loss: "medsam" } : { loss: "sam", masks: "candidates" }),
    ...{ trainPromptEncoder: trained.includes("prompt encoder"), schedule: "constant", points: 1 },
    ...{ lr, adamBeta1: betas[0], adamBeta2: betas[1], adamEpsilon: eps, weightDecay: weight_decay },
  });
}

/**
 * Compares trainings of SAM's full-size decoder with the reference.
 *
 * @param steps - of each curve; by default all
 * @param names - of the curves' files
 */
export function promptableCurves(steps = Number.POSITIVE_INFINITY, names = /^sam-train-.*\.safetensors$/): void {
  describeCases("parity/learn", names, "at the true size of the decoder", (files) => {
    test.for(files)("$file: steps have the reference's losses, gradients and weights", ({ file }) => followCurve(file, steps));
  });
}

/** Runs the steps of a curve and compares the stored values. */
async function followCurve(file: string, most: number): Promise<void> {
  const { tensors, settings } = await readCase<Curve>("parity/learn", file);
  const { steps, batches, seed } = settings;
  const model = await locateSam(await randomModel("sam-tiny", undefined, seed));
  const length = { stepsPerEpoch: steps.loss.length, epochs: 1 };
  const trainer = await PromptableTrainer.open(model, settingsOf(settings), length);
  const masks = tensors.get("masks")!;
  const numbers = (key: string): Float32Array => toFloat32(tensors.get(key)!);
  const prompts = promptsOf(numbers("boxes"));
  const embeddings = embeddingsOf(masks, seed);
  const batchOf = (samples: readonly number[]) => {
    const chosen = <T extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
      all: Float32Array | Uint8Array,
      size: number,
      into: T,
    ): T => {
      for (const [i, sample] of samples.entries()) into.set(all.subarray(sample * size, (sample + 1) * size), i * size);
      return into;
    };
    const count = samples.length;
    const images = tensor("float32", [count, 256, 64, 64], chosen(embeddings, 2 ** 20, new Float32Array(count * 2 ** 20)));
    const targets = tensor("uint8", [count, 1, 256, 256], chosen(masks.data as Uint8Array, 65536, new Uint8Array(count * 65536)));
    return { images, prompts: samples.map((sample) => prompts[sample]!), targets };
  };
  const logits = async () => {
    const { logits: all, iou } = await trainer.answer(batchOf([...prompts.keys()]));
    return { logits: strided(all.data, all.shape, [2, 3], 8), iou: iou.data };
  };

  const before = await logits();
  expectClose(before.logits, numbers("logits_before"), 1e-4, "logits before");
  expectClose(before.iou, numbers("iou_before"), 1e-4, "iou before");
  for (const [s, expected] of steps.loss.slice(0, most).entries()) {
    const found = await trainer.step(batchOf(batches[s % batches.length]!));
    expect(Math.abs(found.loss - expected), `loss ${s}`).toBeLessThan(2e-4);
    expect(Math.abs(found.gradNorm / steps.grad_norm[s]! - 1), `norm ${s}`).toBeLessThan(5e-4);
    if (s === 0) expect(compared(tensors, "grad0.", (tensorName) => trainer.lastGradient(tensorName), 5e-5, true)).toBeGreaterThan(10);
  }
  if (most >= steps.loss.length) await compareEnd();
  await trainer.dispose();

  async function compareEnd(): Promise<void> {
    expect(compared(tensors, "final.", (tensorName) => trainer.trained(tensorName)?.data, 5e-4, false)).toBeGreaterThan(9);
    const after = await logits();
    expectClose(after.logits, numbers("logits_after"), 1e-3, "logits after");
    expectClose(after.iou, numbers("iou_after"), 1e-3, "iou after");
  }
}

/** 0.5 · (noise + a direction where the mask is), as the reference makes its embeddings; masks are [N, 256, 256]. */
function embeddingsOf(masks: Tensor, seed: number): Float32Array<ArrayBuffer> {
  const count = masks.shape[0]!;
  const direction = normal("learn/sam/direction", seed, 256);
  const values = new Float32Array(count * 2 ** 20);
  for (let image = 0; image < count; image++) {
    const noise = normal(`learn/sam/embedding/${image}`, seed, 2 ** 20);
    for (let i = 0; i < noise.length; i++) {
      const [channel, y, x] = [i >> 12, (i >> 6) & 63, i & 63];
      const inside = Number(masks.data[image * 65536 + y * 4 * 256 + x * 4]);
      values[image * 2 ** 20 + i] = 0.5 * (noise[i]! + direction[channel]! * inside);
    }
  }
  return values;
}

function promptsOf(boxes: Float32Array): TrainingPrompt[] {
  return Array.from({ length: boxes.length / 4 }, (_, i) => {
    const [x0, y0, x1, y1] = boxes.subarray(4 * i) as unknown as [number, number, number, number];
    return { box: { x0, y0, x1, y1 }, points: [] };
  });
}

/** Compares the stored elements of some tensors: of long ones, every n-th. @returns how many tensors were compared */
function compared(
  tensors: ReadonlyMap<string, Tensor>,
  prefix: string,
  actual: (name: string) => Float32Array | undefined,
  tolerance: number,
  isRelative: boolean,
): number {
  let count = 0;
  for (const [key, stored] of tensors) {
    const whole = key.startsWith(prefix) && actual(key.slice(prefix.length));
    if (!whole) continue;
    const expected = toFloat32(stored);
    const stride = Math.ceil(whole.length / expected.length);
    const found = whole.filter((_, i) => i % stride === 0);
    const largest = isRelative ? expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) : 1;
    expectClose(found.subarray(0, expected.length), expected, tolerance * largest, key);
    count++;
  }
  return count;
}
