import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { describeCases, readCase } from "../../test/support/shared-data.ts";
import { compile, div, exp, gradients, input, type Value } from "../graph/index.ts";
import { feedsOf } from "../runtime/session.ts";
import { normal } from "../tensor/random.ts";
import { toFloat32 } from "../tensor/stored-tensor.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { ContrastiveLoss } from "./contrastive-loss.ts";
import { contrastiveLosses } from "./contrastive-losses.ts";
import { dcl, dhnNce } from "./dhn-nce.ts";
import { infoNce } from "./info-nce.ts";
import { releasedDhnNce } from "./released-dhn-nce.ts";
import { siglip } from "./siglip.ts";

interface Case {
  readonly form: "infonce" | "paper" | "released" | "siglip";
  readonly tau?: number;
  readonly log_scale?: number;
  readonly bias?: number;
  readonly alpha?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly detach_weights?: boolean;
  readonly loss: number;
  readonly grad_tau?: number;
  readonly grad_log_scale?: number;
  readonly grad_bias?: number;
}

const forms: Record<Case["form"], ContrastiveLoss> = { infonce: infoNce, paper: dhnNce, released: releasedDhnNce, siglip };

/** Loss and gradients of one case; the scalar is τ, or SigLIP's log scale. */
async function run(image: Tensor, text: Tensor, { form, tau, log_scale, bias, detach_weights, ...rest }: Case) {
  const [v, t] = [input("image", "float32", image.shape), input("text", "float32", text.shape)];
  const number = input("scalar", "float32", []);
  const offset = input("bias", "float32", []);
  const scale = tau === undefined ? exp(number) : div(1, number);
  const given = Object.fromEntries(Object.entries(rest).filter(([key]) => ["alpha", "beta1", "beta2"].includes(key)));
  const loss = forms[form](v, t, {
    scale,
    ...given,
    ...(bias !== undefined && { bias: offset }),
    ...(detach_weights !== undefined && { detachWeights: detach_weights }),
  });
  const [dv, dt, dNumber, dBias] = gradients(loss, [v, t, number, offset]) as [Value, Value, Value, Value];
  const session = await compile({ loss, dv, dt, dNumber, dBias });
  const feed = (x: number) => tensor("float32", [], Float32Array.of(x));
  const results = await session.run(feedsOf(session, { image, text, scalar: feed(tau ?? log_scale!), bias: feed(bias ?? 0) }));
  await session.dispose();
  const array = (name: string) => results[name]!.data as Float32Array;
  return { loss: array("loss")[0]!, image: array("dv"), text: array("dt"), scalar: array("dNumber")[0]!, bias: array("dBias")[0]! };
}

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

async function check(cases: readonly Case[], arrays: (name: string) => Tensor, title: string, gradientTolerance: number): Promise<void> {
  for (const [k, item] of cases.entries()) {
    const what = `${title} ${JSON.stringify(item).slice(0, 90)}`;
    const found = await run(arrays("image"), arrays("text"), item);
    // Of losses near 60 the last bits of float32 are worth more than the tolerance for losses near 1.
    expect(Math.abs(found.loss - item.loss), `${what}: loss`).toBeLessThan(1e-5 * Math.max(1, Math.abs(item.loss)));
    for (const side of ["image", "text"] as const) {
      const all = toFloat32(arrays(`grad_${side}`));
      const size = found[side].length;
      const expected = all.subarray(k * size, (k + 1) * size);
      // "same": true gradients are 0, so the tolerance is absolute (1e-6).
      const tolerance = title === "same" ? 1e-6 : gradientTolerance * largest(expected);
      expectClose(found[side], expected, tolerance, `${what}: gradient of ${side}`);
    }
    const scalar = item.grad_tau ?? item.grad_log_scale!;
    // The derivative by τ is a sum of terms near 1/τ² that cancel, so its rounding error is of their size.
    const rounding = 1e-6 / (item.tau ?? 1) ** 2;
    const allowed = Math.max(1e-5, rounding, gradientTolerance * Math.abs(scalar));
    expect(Math.abs(found.scalar - scalar), `${what}: gradient of the scale`).toBeLessThan(allowed);
    if (item.grad_bias !== undefined) expect(found.bias).toBeCloseTo(item.grad_bias, 5);
  }
}

describeCases<{ cases: Case[] }>("parity/learn", /^losses-b\d+\.safetensors$/, "batches", (files) => {
  test.for(files)("$file: losses and gradients are the reference's", async ({ file, settings }) => {
    const { tensors } = await readCase("parity/learn", file);
    await check(settings.cases, (name) => tensors.get(name)!, file, 1e-5);
  });
});

describeCases<{ groups: Record<string, { cases: Case[] }> }>("parity/learn", /^losses-edge.*\.safetensors$/, "edge cases", (files) => {
  const groups = files.flatMap(({ file, settings }) =>
    Object.entries(settings.groups).map(([group, { cases }]) => ({ file, group, cases })),
  );
  test.for(groups)("$group: losses and gradients are the reference's", async ({ file, group, cases }) => {
    const { tensors } = await readCase("parity/learn", file);
    // Where the softmax is saturated float32 has few digits left of the gradient.
    const tolerance = group === "two" || group === "cold" ? 1e-3 : 1e-5;
    await check(cases, (name) => tensors.get(`${group}.${name}`)!, group, tolerance);
  });
});

describe("worked by hand", () => {
  // Unit vectors with the cosines [[0.9, 0.1, -0.2], [0.3, 0.8, 0], [0.5, -0.1, 0.7]]: texts are the axes, images have these
  // coordinates and one more of their own that completes the length to 1.
  const cosines = [
    [0.9, 0.1, -0.2],
    [0.3, 0.8, 0],
    [0.5, -0.1, 0.7],
  ];
  const image = Float32Array.from(cosines.flatMap((row, i) => [...row, ...[0, 1, 2].map((j) => (i === j ? rest(row) : 0))]));
  const text = Float32Array.from([0, 1, 2].flatMap((i) => [0, 1, 2, 3, 4, 5].map((j) => (i === j ? 1 : 0))));
  const [v, t] = [tensor("float32", [3, 6], image), tensor("float32", [3, 6], text)];

  function rest(row: number[]): number {
    return Math.sqrt(1 - row.reduce((sum, x) => sum + x * x, 0));
  }

  test.each([
    ["the paper's form", "paper", { alpha: 0, beta1: 0.15, beta2: 0.15 }, -0.8510081984],
    ["the released form", "released", { alpha: 0, beta1: 0.15, beta2: 0.15 }, -1.742835033],
    ["DCL", "paper", { alpha: 0, beta1: 0, beta2: 0 }, -0.8725558734],
    ["InfoNCE", "infonce", {}, 0.5090406885],
  ] as const)("%s", async (_, form, settings, expected) => {
    expect((await run(v, t, { form, tau: 0.6, ...settings, loss: expected })).loss).toBeCloseTo(expected, 5);
  });

  test("the paper's form pushes the closest negative away the most, the released form pulls it closer", async () => {
    const settings = { tau: 0.6, alpha: 0, beta1: 0.15, beta2: 0.15, loss: 0 };
    // dL/ds of image 2 and its closest negative, text 0 (cosine 0.5). Normalising takes off the part of the gradient that lies along
    // the image; the axis that only the image has tells how much.
    const slope = ({ image: g }: { image: Float32Array }) => g[12]! - (0.5 * g[17]!) / rest(cosines[2]!);
    expect(slope(await run(v, t, { form: "paper", ...settings }))).toBeGreaterThan(0);
    expect(slope(await run(v, t, { form: "released", ...settings }))).toBeCloseTo(-0.1406, 4); // (2.3 / 9 - (0.5548 + 0.4649) / 3) / 0.6
  });
});

describe("the family", () => {
  const features = (name: string) => tensor("float32", [5, 8], normal(name, 1, 40));

  async function value(loss: ContrastiveLoss, options = {}): Promise<number> {
    const [v, t] = [input("image", "float32", [5, 8]), input("text", "float32", [5, 8])];
    const session = await compile({ loss: loss(v, t, { scale: 2, ...options }) });
    const run = await session.run({ image: features("image"), text: features("text") });
    await session.dispose();
    return Number(run.loss!.data[0]);
  }

  test("DHN-NCE without hardness is DCL", async () => {
    expect(await value(dhnNce, { beta1: 0, beta2: 0 })).toBeCloseTo(await value(dcl), 6);
  });

  test("with the positive in the denominator and no hardness it is twice InfoNCE", async () => {
    expect(await value(dhnNce, { alpha: 1, beta1: 0, beta2: 0 })).toBeCloseTo(2 * (await value(infoNce)), 5);
  });

  test("constant weights change the gradient alone", async () => {
    expect(await value(dhnNce, { beta1: 2, detachWeights: true })).toBeCloseTo(await value(dhnNce, { beta1: 2 }), 6);
  });

  test.each(Object.entries(contrastiveLosses))("%s does not depend on the length of the features", async (_, loss) => {
    const [v, t] = [input("image", "float32", [5, 8]), input("text", "float32", [5, 8])];
    const session = await compile({ loss: loss(v, t, { scale: 2 }) });
    const scaled = (x: Tensor<"float32">, factor: number) =>
      tensor(
        "float32",
        x.shape,
        x.data.map((value) => value * factor),
      );
    const plain = await session.run({ image: features("image"), text: features("text") });
    const long = await session.run({ image: scaled(features("image"), 7), text: scaled(features("text"), 0.1) });
    expect(Number(long.loss!.data[0])).toBeCloseTo(Number(plain.loss!.data[0]), 5);
    await session.dispose();
  });

  test("a single pair has no negatives, and the message says so", () => {
    const one = input("x", "float32", [1, 4]);
    expect(() => dhnNce(one, one, { scale: 1 })).toThrow("a batch of 1 has no negatives; at least 2 pairs are needed");
  });
});
