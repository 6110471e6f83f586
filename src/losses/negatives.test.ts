import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { compile, gradients, input, type Value } from "../graph/index.ts";
import { normal } from "../tensor/random.ts";
import { tensor } from "../tensor/tensor.ts";
import { type ContrastiveLossName, contrastiveLosses } from "./contrastive-losses.ts";

const [batch, width, scale] = [5, 4, 3];
const image = normal("negatives/image", 1, batch * width);
const text = normal("negatives/text", 1, batch * width);
const names = Object.keys(contrastiveLosses) as ContrastiveLossName[];

/** Loss and gradients, with a mask or without. */
async function run(name: ContrastiveLossName, mask?: number[][], paired?: number[]) {
  const [v, t, allowed, positives] = [
    input("image", "float32", [batch, width]),
    input("text", "float32", [batch, width]),
    input("mask", "float32", [batch, batch]),
    input("paired", "float32", [batch]),
  ];
  const loss = contrastiveLosses[name](v, t, { scale, ...(mask && { negatives: allowed }), ...(paired && { paired: positives }) });
  const [dv, dt] = gradients(loss, [v, t]) as [Value, Value];
  const session = await compile({ loss, dv, dt });
  const feeds = { image: tensor("float32", [batch, width], image), text: tensor("float32", [batch, width], text) };
  const found = await session.run({
    ...feeds,
    ...(mask && { mask: tensor("float32", [batch, batch], Float32Array.from(mask.flat())) }),
    ...(paired && { paired: tensor("float32", [batch], Float32Array.from(paired)) }),
  });
  await session.dispose();
  return { loss: Number(found.loss!.data[0]), gradient: [...(found.dv!.data as Float32Array), ...(found.dt!.data as Float32Array)] };
}

const rows = (at: (i: number, j: number) => number) =>
  Array.from({ length: batch }, (_, i) => Array.from({ length: batch }, (_, j) => at(i, j)));
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]) => sum(values) / values.length;
const all = [...Array(batch).keys()];

/** Logits by plain numbers. */
const logits = rows((i, j) => {
  const [a, b] = [image.subarray(i * width, (i + 1) * width), text.subarray(j * width, (j + 1) * width)];
  return (scale * a.reduce((dot, value, k) => dot + value * b[k]!, 0)) / Math.hypot(...a) / Math.hypot(...b);
});
const swapped = <T>(matrix: T[][]): T[][] => all.map((i) => all.map((j) => matrix[j]![i]!));

/** The losses by their sums, over the entries that count alone, and of the rows of true pairs. */
function expected(name: ContrastiveLossName, mask: number[][], paired: number[] = all.map(() => 1)): number {
  const counts = rows((i, j) => (i === j ? 1 : mask[i]![j]!));
  const both = (one: (l: number[][], c: number[][], beta: number) => number) =>
    one(logits, counts, 0.15) + one(swapped(logits), swapped(counts), 0.15);
  if (name === "info-nce")
    return (
      both((l, c) => mean(all.map((i) => paired[i]! * (Math.log(sum(all.map((j) => c[i]![j]! * Math.exp(l[i]![j]!)))) - l[i]![i]!)))) / 2
    );
  if (name === "siglip")
    return (
      sum(
        all.flatMap((i) =>
          all.map((j) => (i === j ? paired[i]! : counts[i]![j]!) * Math.log1p(Math.exp((i === j ? -1 : 1) * (logits[i]![j]! - 10)))),
        ),
      ) / batch
    );
  if (name === "dhn-nce-released") {
    return both((l, c, beta) => {
      const x = rows((i, j) => (i === j ? 0 : l[i]![j]!));
      const sums = all.map((j) => sum(all.map((k) => c[j]![k]! * Math.exp(x[j]![k]!))));
      const each = rows((i, j) => Math.log(((batch - 1) * Math.exp((1 + beta) * x[i]![j]!)) / sums[j]!) - (i === j ? l[i]![i]! : 0));
      const weights = rows((i, j) => paired[i]! * c[i]![j]!);
      return sum(all.flatMap((i) => all.map((j) => weights[i]![j]! * each[i]![j]!))) / Math.max(1, sum(weights.flat()));
    });
  }
  const [alpha, hardness] = [name === "hn-nce" ? 1 : 0, name === "dcl" ? 0 : 1];
  return both((l, c, beta) =>
    mean(
      all.map((i) => {
        const others = all.filter((j) => j !== i && c[i]![j] === 1).map((j) => l[i]![j]!);
        if (others.length === 0) return 0;
        const weights = others.map((x) => Math.exp(hardness * beta * x));
        const weighted = sum(others.map((x, k) => ((others.length * weights[k]!) / sum(weights)) * Math.exp(x)));
        return paired[i]! * (Math.log(alpha * Math.exp(l[i]![i]!) + weighted) - l[i]![i]!);
      }),
    ),
  );
}

const masks = {
  "one entry": rows((i, j) => (i === 1 && j === 3 ? 0 : 1)),
  "several, the diagonal among them": rows((i, j) => (i === j || (i + 2 * j) % 3 === 0 ? 0 : 1)),
  "all of one row and of one column": rows((i, j) => (i === 2 || j === 4 ? 0 : 1)),
};

test.each(names.flatMap((name) => Object.entries(masks).map(([which, mask]) => [name, which, mask] as const)))(
  "%s without %s is the loss over the other entries",
  async (name, _, mask) => {
    const { loss, gradient } = await run(name, mask);
    expect(loss).toBeCloseTo(expected(name, mask), 5);
    expect(gradient.every(Number.isFinite)).toBe(true);
  },
);

test.each(names)("%s with all negatives is the same as without the option", async (name) => {
  const [plain, masked] = [
    await run(name),
    await run(
      name,
      rows(() => 1),
    ),
  ];
  expect(Math.abs(masked.loss - plain.loss)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(plain.loss)));
  expectClose(masked.gradient, plain.gradient, 1e-6, "gradient");
});

test.each(names)("%s: a pair without negatives in both directions has no gradient, or that of its own question alone", async (name) => {
  const alone = rows((i, j) => (i === 2 || j === 2 ? 0 : 1));
  const { gradient } = await run(name, alone);
  const own = gradient.slice(2 * width, 3 * width).map(Math.abs);
  // SigLIP still asks whether the pair belongs together, and the released form gives each entry a logarithm of its own.
  if (name === "siglip" || name === "dhn-nce-released") expect(Math.max(...own)).toBeGreaterThan(1e-4);
  else expect(Math.max(...own)).toBeLessThan(1e-7);
});

test.each(names)("%s: a pair that is none has no loss of its own, and stays a negative of the others", async (name) => {
  const none = rows(() => 1);
  for (const [mask, paired] of [
    [none, [1, 1, 0, 1, 1]],
    [masks["one entry"], [1, 0, 0, 1, 1]],
    [none, [0, 0, 0, 0, 0]],
  ] as const) {
    const { loss, gradient } = await run(name, mask === none ? undefined : mask, [...paired]);
    expect(loss).toBeCloseTo(expected(name, mask, [...paired]), 5);
    expect(gradient.every(Number.isFinite)).toBe(true);
  }
  const [all, without] = [await run(name, undefined, [1, 1, 1, 1, 1]), await run(name)];
  expect(Math.abs(all.loss - without.loss)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(without.loss)));
  const { gradient } = await run(name, undefined, [1, 1, 0, 1, 1]);
  expect(Math.max(...gradient.slice(2 * width, 3 * width).map(Math.abs))).toBeGreaterThan(name === "siglip" ? 1e-6 : 1e-4); // image 2 is still contrasted with texts
});
