import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { describeWith, readCase } from "../../test/support/shared-data.ts";
import { cast, compile, gradients, input, reduceMean, slice, type Value } from "../graph/index.ts";
import { feedsOf } from "../runtime/session.ts";
import { uniform } from "../tensor/random.ts";
import { toFloat32 } from "../tensor/stored-tensor.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { dicePlain, diceSquared } from "./dice.ts";
import { binaryCrossEntropy, focal } from "./focal.ts";
import { actualIou, medsamLoss, samLoss } from "./promptable.ts";

type Loss = (logits: Value, target: Value, iou: Value) => Value;

interface Given {
  readonly logits: Tensor;
  readonly target: Tensor;
  readonly iou: Tensor;
}

async function run(describeLoss: Loss, { logits, target, iou }: Given) {
  const [l, t, i] = [
    input("logits", "float32", logits.shape),
    input("target", target.dtype, target.shape),
    input("iou", "float32", iou.shape),
  ];
  const loss = describeLoss(l, cast(t, "float32"), i);
  const [dl, di] = gradients(loss, [l, i]) as [Value, Value];
  const session = await compile({ loss, dl, di, ...(loss.shape.length === 0 && { all: actualIou(l, cast(t, "float32")) }) });
  const found = await session.run(feedsOf(session, { logits, target, iou }));
  await session.dispose();
  const numbers = (name: string) => found[name]!.data as Float32Array;
  return { loss: numbers("loss")[0]!, logits: numbers("dl"), iou: numbers("di"), actual: numbers("all") };
}

const filled = (shape: Shape, at: (i: number) => number): Tensor<"float32"> =>
  tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => at(i)),
  );

/** The loss of the mask `from` alone, or of all from there on. */
const masks =
  (from: number, to: number, loss: Loss): Loss =>
  (logits, target, iou) =>
    loss(slice(logits, 1, from, to), target, slice(iou, 1, from, to));
const mean =
  (loss: (logits: Value, target: Value) => Value): Loss =>
  (logits, target) =>
    reduceMean(loss(logits, target));

const losses: Record<string, Loss> = {
  medsam: masks(0, 1, medsamLoss),
  dice_squared: masks(0, 1, mean(diceSquared)),
  bce: masks(0, 1, mean(binaryCrossEntropy)),
  focal: masks(0, 1, mean(focal)),
  dice_plain: masks(0, 1, mean(dicePlain)),
  sam_single: masks(0, 1, (logits, target, iou) => samLoss(logits, iou, target)),
  sam_multi: (logits, target, iou) => samLoss(logits, iou, target),
  medsam_saturated: masks(1, 2, medsamLoss),
};

const file = "parity/learn/sam-losses.safetensors";
describeWith([file], "losses and gradients of the reference", () => {
  test.each(Object.keys(losses))("%s", async (name) => {
    const { tensors, settings } = await readCase<{ cases: Record<string, { loss: number }> }>(file);
    const { cases } = settings;
    const given = { logits: tensors.get("logits")!, target: tensors.get("target")!, iou: tensors.get("iou")! };
    const found = await run(losses[name]!, given);
    expect(Math.abs(found.loss - cases[name]!.loss)).toBeLessThan(5e-6);
    for (const kind of ["logits", "iou"] as const) {
      const stored = tensors.get(`${name}.grad_${kind}`);
      if (!stored) continue;
      const expected = toFloat32(stored);
      const from = name === "medsam_saturated" ? 1 : 0;
      expectClose(rowsOf(found[kind], given[kind].shape, from, stored.shape[1]!), expected, 5e-6 * largest(expected), kind);
    }
  });

  test("the IoU of each mask with the target", async () => {
    const { tensors } = await readCase(file);
    const given = { logits: tensors.get("logits")!, target: tensors.get("target")!, iou: tensors.get("iou")! };
    const whole = await run((logits) => reduceMean(logits), { ...given, target: repeated(given.target, given.logits.shape[1]!) });
    expectClose(whole.actual, toFloat32(tensors.get("actual_iou")!), 1e-6);
  });
});

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The masks from..from + count of an array [N, M, ...]. */
function rowsOf(data: Float32Array, [prompts, count, ...size]: Shape, from: number, wanted: number): number[] {
  const plane = sizeOf(size);
  return Array.from({ length: prompts! }, (_, n) =>
    Array.from(data.subarray((n * count! + from) * plane, (n * count! + from + wanted) * plane)),
  ).flat();
}

/** [N, 1, H, W] to [N, count, H, W]. */
function repeated({ data, shape }: Tensor, count: number): Tensor {
  const [prompts, , ...size] = shape;
  const plane = sizeOf(size);
  const values = Uint8Array.from({ length: prompts! * count * plane }, (_, i) =>
    Number(data[Math.floor(i / (count * plane)) * plane + (i % plane)]),
  );
  return tensor("uint8", [prompts!, count, ...size], values);
}

describe("by hand", () => {
  // Logits 0 make p = 1/2 everywhere: two pixels, of which one is the target.
  const given = { logits: filled([1, 1, 1, 2], () => 0), target: filled([1, 1, 1, 2], (i) => i), iou: filled([1, 1], () => 0.25) };

  test.each<[string, Loss, number]>([
    ["dice with squares: 1 - 2 · 1/2 / (2 · 1/4 + 1)", mean(diceSquared), 1 - (1 + 1e-5) / (1.5 + 1e-5)],
    ["dice without: 1 - (2 · 1/2 + 1) / (1 + 1 + 1)", mean(dicePlain), 1 / 3],
    ["cross-entropy: ln 2", mean(binaryCrossEntropy), Math.LN2],
    ["focal: mean of 1/4 and 3/4, times 1/4 ln 2", mean(focal), Math.LN2 / 8],
    // No logit is above 0, so the actual IoU is 0 and the head is off by 1/4.
    ["sam", (logits, target, iou) => samLoss(logits, iou, target), 20 * (Math.LN2 / 8) + 1 / 3 + 1 / 16],
  ])("%s", async (_, loss, expected) => {
    expect((await run(loss, given)).loss).toBeCloseTo(expected, 6);
  });
});

test("the best mask alone has a gradient, whatever its place, and all heads have", async () => {
  const random = uniform("masks", 1);
  const target = filled([2, 1, 4, 4], (i) => (i % 3 === 0 ? 1 : 0));
  for (const best of [0, 1, 2]) {
    const logits = filled([2, 3, 4, 4], (i) => {
      const [mask, pixel] = [Math.floor(i / 16) % 3, i % 16];
      const truth = target.data[Math.floor(i / 48) * 16 + pixel]!;
      return mask === best ? 4 * truth - 2 + 0.1 * random.at(i) : 2 * random.at(i) - 1;
    });
    const found = await run((l, t, i) => samLoss(l, i, t), { logits, target, iou: filled([2, 3], () => 0.5) });
    for (let n = 0; n < 2; n++) {
      for (let m = 0; m < 3; m++) {
        const slope = largest(found.logits.subarray((3 * n + m) * 16, (3 * n + m + 1) * 16));
        if (m === best) expect(slope).toBeGreaterThan(1e-4);
        else expect(slope).toBe(0);
      }
    }
    expect(found.iou.every((slope) => slope !== 0)).toBe(true);
  }
});

test("large logits neither overflow nor lose their gradient", async () => {
  const given = {
    logits: filled([1, 1, 1, 2], (i) => (i === 0 ? 200 : -200)),
    target: filled([1, 1, 1, 2], (i) => i),
    iou: filled([1, 1], () => 0),
  };
  const { loss, logits } = await run(medsamLoss, given);
  expect(loss).toBeCloseTo(201, 4); // nothing is right: dice 1, cross-entropy 200
  expect(Array.from(logits, (x) => Math.sign(x))).toEqual([1, -1]);
});

test("shapes that do not fit are named in the error", () => {
  const at = (shape: Shape) => input(`x${shape}`, "float32", shape);
  expect(() => samLoss(at([2, 3, 4, 4]), at([2, 3]), at([2, 3, 4, 4]))).toThrow("the target must be [2,1,4,4] and iou [2,3]");
  expect(() => diceSquared(at([2, 1, 4, 4]), at([2, 1, 4, 5]))).toThrow(/must both be \[..., H, W\], got \[2,1,4,4\] and \[2,1,4,5\]/);
});
