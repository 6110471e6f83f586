import { expect } from "vitest";
import { locateSam } from "../../src/hub/locate.ts";
import { normal } from "../../src/tensor/random.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { toFloat32 } from "../../src/tensor/stored-tensor.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { PromptableSettings, PromptableTrainer, type TrainingPrompt } from "../../src/train/index.ts";
import { expectClose } from "./close.ts";
import { randomModel } from "./models.ts";
import { strided } from "./sam-cases.ts";
import { sharedPath } from "./shared-data.ts";

/** The settings of the reference's curves. */
const curves = {
  "sam-train-medsam": { loss: "medsam" },
  "sam-train-sam-multi": { loss: "sam", masks: "candidates", trainPromptEncoder: true },
} as const;

interface Curve {
  readonly steps: { readonly loss: number[]; readonly grad_norm: number[] };
}

/** Makes the ten steps of a curve at the true size of the decoder and compares all that is stored of them. */
export async function followCurve(name: keyof typeof curves): Promise<void> {
  const { tensors, metadata } = await readSafetensors(sharedPath(`parity/learn/${name}.safetensors`));
  const { steps } = JSON.parse(metadata.case!) as Curve;
  const parsed = PromptableSettings.parse({ ...curves[name], schedule: "constant", points: 1 });
  const trainer = await PromptableTrainer.open(await locateSam(await randomModel("sam-tiny")), parsed, { stepsPerEpoch: 10, epochs: 1 });
  const masks = tensors.get("masks")!;
  const numbers = (key: string): Float32Array => toFloat32(tensors.get(key)!);
  const prompts = promptsOf(numbers("boxes"));
  const embeddings = embeddingsOf(masks);
  const some = (from: number, to: number) => tensor("float32", [to - from, 256, 64, 64], embeddings.slice(from * 2 ** 20, to * 2 ** 20));
  const targetsOf = (from: number, to: number) =>
    tensor("uint8", [to - from, 1, 256, 256], (masks.data as Uint8Array<ArrayBuffer>).slice(from * 65536, to * 65536));
  const logits = async () => {
    const { logits: all, iou } = await trainer.answer({ images: some(0, 4), prompts, targets: targetsOf(0, 4) });
    return { logits: strided(all.data, all.shape, [2, 3], 8), iou: iou.data };
  };

  const before = await logits();
  expectClose(before.logits, numbers("logits_before"), 1e-4, "logits before");
  expectClose(before.iou, numbers("iou_before"), 1e-4, "iou before");
  for (const [s, expected] of steps.loss.entries()) {
    const at = 2 * (s % 2);
    const found = await trainer.step({ images: some(at, at + 2), prompts: prompts.slice(at, at + 2), targets: targetsOf(at, at + 2) });
    expect(Math.abs(found.loss - expected), `loss ${s}`).toBeLessThan(2e-4);
    expect(Math.abs(found.gradNorm / steps.grad_norm[s]! - 1), `norm ${s}`).toBeLessThan(5e-4);
    if (s === 0) expect(compared(tensors, "grad0.", (tensorName) => trainer.lastGradient(tensorName), 5e-5, true)).toBeGreaterThan(10);
  }
  expect(compared(tensors, "final.", (tensorName) => trainer.trained(tensorName)?.data, 5e-4, false)).toBeGreaterThan(9);
  const after = await logits();
  expectClose(after.logits, numbers("logits_after"), 1e-3, "logits after");
  expectClose(after.iou, numbers("iou_after"), 1e-3, "iou after");
  await trainer.dispose();
}

/** 0.5 · (noise + a direction where the mask is), as the reference makes its embeddings; masks are [4, 256, 256]. */
function embeddingsOf(masks: Tensor): Float32Array<ArrayBuffer> {
  const direction = normal("learn/sam/direction", 1, 256);
  const values = new Float32Array(4 * 2 ** 20);
  for (let image = 0; image < 4; image++) {
    const noise = normal(`learn/sam/embedding/${image}`, 1, 2 ** 20);
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

/** Compares what is stored of some tensors: of long ones every n-th element. @returns how many were compared */
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
