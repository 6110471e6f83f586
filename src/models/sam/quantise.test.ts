import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { temporaryFolder, writeSam } from "../../../test/support/sam-cases.ts";
import type { Value } from "../../graph/index.ts";
import type { OpenSession } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { Weights } from "../weights.ts";
import { quantisedLinears, samFamily, samPresets, usablePrecision } from "./index.ts";
import { quantisedWeight } from "./quantise.ts";

/** What a test does to what the runtime computes. */
const runtime = vi.hoisted(() => ({ change: undefined as ((values: Float32Array, output: string) => void) | undefined }));
vi.mock(import("#runtime"), async (original) => {
  const { openSession, ...rest } = await original();
  const open: OpenSession = async (model, options) => {
    const session = await openSession(model, options);
    return {
      inputs: session.inputs,
      dispose: () => session.dispose(),
      run: async (feeds) => {
        const outputs = await session.run(feeds);
        for (const [name, { data }] of Object.entries(outputs)) runtime.change?.(data as Float32Array, name);
        return outputs;
      },
    };
  };
  return { ...rest, openSession: open };
});

const config = samPresets["sam-tiny"]!;
let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let weights: Weights;
beforeAll(async () => {
  temporary = await temporaryFolder();
  weights = await Weights.open(await writeSam(join(temporary.folder, "tiny.safetensors"), config), samFamily);
});
afterAll(() => temporary.remove());
beforeEach(() => {
  runtime.change = undefined;
});

/**
 * The largest sum of a pair of products that kernels without VNNI add in 16 bits: activations are at most 255, and a pair is rows 2k and
 * 2k + 1 of [in, out].
 */
function largestPairSum({ data, shape }: Tensor<"int8">): number {
  const [inputs, outputs] = shape as [number, number];
  let largest = 0;
  for (let k = 0; k < inputs; k += 2)
    for (let o = 0; o < outputs; o++)
      largest = Math.max(largest, Math.abs(data[k * outputs + o]!) + Math.abs(data[(k + 1) * outputs + o] ?? 0));
  return 255 * largest;
}

const constantOf = ({ source }: Value) => (source as { tensor: Tensor }).tensor;

test("no pair of products in any layer of the encoder can exceed 16 bits, whatever the activations", async () => {
  const layers = (await quantisedLinears(weights, config)).flatMap((block) => Object.values(block));
  expect(layers).toHaveLength(6 * config.depth);
  for (const { quantised } of layers) {
    const sum = largestPairSum(constantOf(quantised.weight) as Tensor<"int8">);
    expect(sum).toBeLessThanOrEqual(32767);
    expect(sum).toBeGreaterThan(32767 / 2); // the range is used
  }
});

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) });

test("nor for any weights: outliers, zeros, halves, an odd number of them", () => {
  const rows = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 })).chain(([outputs, inputs]) =>
    fc
      .array(fc.oneof(finite, fc.constantFrom(0, 63.5, 64.5, -63.5, 126.5, 127)), {
        minLength: outputs * inputs,
        maxLength: outputs * inputs,
      })
      .map((values) => tensor("float32", [outputs, inputs], Float32Array.from(values))),
  );
  fc.assert(
    fc.property(rows, (weight) => {
      const { rounded, scale } = quantisedWeight(weight);
      const [inputs, outputs] = rounded.shape as [number, number];
      expect(largestPairSum(rounded)).toBeLessThanOrEqual(32767);
      // Each weight is there to half a step: numbers that would not fit into 8 bits would have wrapped around.
      for (let i = 0; i < inputs * outputs; i++) {
        const step = scale.data[i % outputs]!;
        const exact = weight.data[(i % outputs) * inputs + Math.floor(i / outputs)]!;
        expect(Math.abs(rounded.data[i]! * step - exact)).toBeLessThanOrEqual(step * 0.501 + 1e-37); // a step may be subnormal
      }
    }),
  );
});

test("int8 is used on a machine that computes 8-bit products correctly", async () => {
  expect(await usablePrecision("int8", weights, {})).toEqual({ precision: "int8", warnings: [] });
  expect(await usablePrecision("float32", weights, {})).toEqual({ precision: "float32", warnings: [] });
});

const changedSam = async (file: string, change: Readonly<Record<string, (values: Float32Array) => void>>) =>
  Weights.open(await writeSam(join(temporary.folder, file), config, { change }), samFamily);

test.each([
  ["blocks.0.attn.qkv", Number.NaN, 0],
  ["blocks.1.attn.proj", Number.POSITIVE_INFINITY, 1],
  ["blocks.2.mlp.lin1", Number.NEGATIVE_INFINITY, 2],
  ["blocks.3.mlp.lin2", Number.NaN, 3],
])("weights of %s with %d are refused, as rounding would make numbers of them", async (layer, value, block) => {
  const name = `image_encoder.${layer}.weight`;
  const broken = await changedSam(`${layer}.safetensors`, { [name]: (values) => values.fill(value, 5, 6) });
  const refusal = { name: "WeightsError", message: expect.stringContaining(`"${name}" holds values that are not finite`) };
  await expect(quantisedLinears(broken, config)).rejects.toMatchObject(refusal);
  if (block === 0) await expect(usablePrecision("int8", broken, {})).rejects.toMatchObject(refusal);
});

test("a layer of zeros is exact in 8 bits", async () => {
  const zero = await changedSam("zero.safetensors", { "image_encoder.blocks.0.attn.qkv.weight": (values) => values.fill(0) });
  expect(await usablePrecision("int8", zero, {})).toEqual({ precision: "int8", warnings: [] });
});

test.each([
  ["a tenth too small", (values: Float32Array) => values.set(values.map((value) => 0.9 * value)), /differs from float32 by 10 %/],
  ["not a number", (values: Float32Array) => values.set([Number.NaN], 7), /is not a number/],
  ["zero", (values: Float32Array) => values.fill(0), /differs from float32 by 100 %/],
  [
    "an error of the runtime",
    () => {
      throw new Error("Could not find an implementation for MatMulInteger.");
    },
    /in float32: Could not find an implementation for MatMulInteger\.$/,
  ],
])("8-bit results that are %s fall back to float32 with a warning", async (_, change, message) => {
  runtime.change = (values, output) => output === "int8" && change(values);
  expect(await usablePrecision("int8", weights, {})).toEqual({ precision: "float32", warnings: [expect.stringMatching(message)] });
});
