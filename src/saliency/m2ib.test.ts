import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { bertBase, isSmall, openClip } from "../../test/support/clip-cases.ts";
import { expectClose } from "../../test/support/close.ts";
import {
  type ClassNoiseFile,
  classNoiseCases,
  type EnsembleFile,
  ensembleCase,
  type M2ibFile,
  m2ibCases,
} from "../../test/support/m2ib-cases.ts";
import { nanoClip, randomModel } from "../../test/support/models.ts";
import { describeCases, describeWith } from "../../test/support/shared-data.ts";
import { normal } from "../tensor/random.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { fastSchedule, M2ib, M2ibConfig } from "./m2ib.ts";

describeWith([bertBase], "with the reference's vocabulary", () => {
  const folder = "parity/saliency";
  describeCases<M2ibFile>(folder, /^m2ib-(?!ensemble).*\.safetensors$/, "M2IB", (files) => {
    // Some of the cases; the slow tests have all of them.
    for (const file of files) if (isSmall(file.settings)) m2ibCases(file, { only: (_, index) => index % 5 === 0 });
  });
  describeCases<ClassNoiseFile>(folder, /^nib-.*\.safetensors$/, "M2IB with the class token as noise", (files) =>
    files.forEach(classNoiseCases),
  );
  describeCases<EnsembleFile>(folder, /^m2ib-ensemble.*\.safetensors$/, "M2IB, several sentences", (files) => files.forEach(ensembleCase));
});

test("a layer that the model lacks is refused with the layers it has", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  expect(() => new M2ib(clip, M2ibConfig.parse({ layer: 9 }))).toThrow(/layer 9 does not exist.*blocks 0 to 8.*--layer 0 to 7/s);
});

test("the last block is allowed, with a warning that the map cannot depend on the text", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const m2ib = new M2ib(clip, M2ibConfig.parse({ layer: 8, steps: 2, samples: 1 }));
  expect(m2ib.warnings[0]).toContain("does not depend on the text");
  const view = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).map((_, i) => i % 251) };
  const { capacity } = await m2ib.attribute(await m2ib.hiddenTokens(view), normal("text", 1, 16), m2ib.noiseOf("a.png", 1));
  expect(capacity).toHaveLength(64);
  await m2ib.dispose();
});

test("the noise of a file depends on its name and the seed, and on nothing else", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const m2ib = new M2ib(clip, M2ibConfig.parse({ steps: 2, samples: 1 }));
  const first = m2ib.noiseOf("a.png", 42);
  m2ib.noiseOf("b.png", 42);
  expect(m2ib.noiseOf("a.png", 42)).toEqual(first);
  expect(m2ib.noiseOf("b.png", 42)).not.toEqual(first);
  expect(m2ib.noiseOf("a.png", 43)).not.toEqual(first);
});

test("the map is the same whether the steps are traced or not", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const view = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256) };
  const maps = [];
  for (const trace of [false, true]) {
    const m2ib = new M2ib(clip, M2ibConfig.parse({ steps: 4, samples: 2 }), { trace });
    maps.push((await m2ib.attribute(await m2ib.hiddenTokens(view), normal("text", 1, 16), m2ib.noiseOf("a.png", 1))).capacity);
    await m2ib.dispose();
  }
  expectClose(maps[1]!, maps[0]!, 1e-4 * Math.max(...maps[0]!), "capacity");
});

test("a schedule takes the first samples of each step's noise, and the mean of all", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const config = M2ibConfig.parse({ steps: 4, samples: 3 });
  const [all] = new M2ib(clip, config).noiseOf("a.png", 1) as [Tensor<"float32">];
  const partly = new M2ib(clip, config, { schedule: [1, 1, 2] });
  const [one, two] = partly.noiseOf("a.png", 1) as [Tensor<"float32">, Tensor<"float32">];
  const block = 65 * 32;
  expect([one.shape, two.shape]).toEqual([
    [2, 2, 65, 32],
    [1, 3, 65, 32],
  ]);
  const part = ({ data }: Tensor<"float32">, from: number, to = from + 1) => data.subarray(from * block, to * block);
  expect(part(one, 2)).toEqual(part(all, 3));
  expect(part(two, 0, 2)).toEqual(part(all, 6, 8));
  const mean = part(all, 3).map((value, i) => (value + part(all, 4)[i]! + part(all, 5)[i]!) / 3);
  expectClose(part(one, 3), mean, 0.006, "mean noise, of which two thirds are rough");
  const rough = part(one, 3).reduce((sum, value, i) => sum + Math.abs(value - mean[i]!), 0) / block;
  expect(rough).toBeLessThan(1e-5);
  const given = tensor("float32", [4, 3, 65, 32], normal("m2ib/eps/a.png", 1, 4 * 3 * block));
  expectClose(part(partly.splitNoise(given)[0]!, 3), mean, 1e-6, "mean of given noise");
});

test("the mean noise of samples that the model does not run with brings the map closer to that of all", async () => {
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  const view = { width: 224, height: 224, data: Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * 7919) % 256) };
  const config = M2ibConfig.parse({ layer: 9, steps: 5, samples: 8 });
  const text = normal("text", 1, 64);
  const mapOf = async (schedule?: number[], drop = false) => {
    const m2ib = new M2ib(clip, config, schedule ? { schedule } : {});
    const noise = m2ib.noiseOf("a.png", 1);
    // Without the mean of all: that of the sample itself in its place.
    if (drop) for (const { data, shape } of noise) for (let i = 0; i < shape[0]!; i++) dropMean(data, i, shape);
    const { capacity } = await m2ib.attribute(await m2ib.hiddenTokens(view), text, noise);
    await m2ib.dispose();
    return capacity;
  };
  const all = await mapOf();
  const one = [1, 1, 1, 1];
  const error = (map: Float32Array) => map.reduce((sum, value, i) => sum + (value - all[i]!) ** 2, 0);
  // Measured: 0.57 of the squared error.
  expect(error(await mapOf(one))).toBeLessThan(0.8 * error(await mapOf(one, true)));
});

/** Puts a step's only sample in place of the mean of all. */
function dropMean(data: Float32Array, step: number, [, , tokens, width]: readonly number[]): void {
  const block = tokens! * width!;
  data.copyWithin((2 * step + 1) * block, 2 * step * block, (2 * step + 1) * block);
}

test("the fast schedule takes fewest samples first and at least one always", () => {
  expect(fastSchedule({ steps: 10, samples: 10 })).toEqual([1, 1, 1, 1, 2, 3, 3, 3, 2]);
  expect(fastSchedule({ steps: 4, samples: 3 })).toEqual([1, 1, 1]);
  expect(fastSchedule({ steps: 1, samples: 10 })).toEqual([]);
});

test("a map from an odd number of samples is that of one batch of all", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const view = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256) };
  const maps = [];
  for (const samplesAtOnce of [2, 1, 5]) {
    const m2ib = new M2ib(clip, M2ibConfig.parse({ steps: 4, samples: 5 }), { samplesAtOnce });
    maps.push((await m2ib.attribute(await m2ib.hiddenTokens(view), normal("text", 1, 16), m2ib.noiseOf("a.png", 1))).capacity);
    await m2ib.dispose();
  }
  for (const other of maps.slice(1)) expectClose(other, maps[0]!, 1e-4 * Math.max(...maps[0]!), "capacity");
});

test("a class token replaced by noise has no bottleneck, and does not influence the map", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const view = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256) };
  const changed = { free: false, noise: false };
  for (const classToken of ["free", "noise"] as const) {
    const m2ib = new M2ib(clip, M2ibConfig.parse({ steps: 3, samples: 2, classToken }), { trace: true });
    const [text, noise] = [normal("text", 1, 16), m2ib.noiseOf("a.png", 1)];
    const hidden = await m2ib.hiddenTokens(view);
    const { capacity, trace } = await m2ib.attribute(hidden, text, noise);
    expect(trace!.alpha.shape).toEqual([3, classToken === "free" ? 65 : 64, 32]);
    expect(capacity).toHaveLength(64);
    (hidden.data as Float32Array).fill(1, 0, 32); // another class token, the same patches
    changed[classToken] = !isDeepStrictEqual((await m2ib.attribute(hidden, text, noise)).capacity, capacity);
    await m2ib.dispose();
  }
  expect(changed).toEqual({ free: true, noise: false });
});

test("the reference's form is the default, with the same bytes as if it was asked for", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const view = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256) };
  const maps = [];
  for (const settings of [{}, { classToken: "free" }, { classToken: "noise" }]) {
    const m2ib = new M2ib(clip, M2ibConfig.parse({ steps: 3, samples: 2, ...settings }));
    maps.push((await m2ib.attribute(await m2ib.hiddenTokens(view), normal("text", 1, 16), m2ib.noiseOf("a.png", 1))).capacity);
    await m2ib.dispose();
  }
  expect(maps[1]).toEqual(maps[0]);
  expect(maps[2]).not.toEqual(maps[0]);
});
