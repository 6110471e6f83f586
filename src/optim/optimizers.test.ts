import { expect, test } from "vitest";
import { expectClose, largestDifference } from "../../test/support/close.ts";
import { describeWith, readCase, sharedJson } from "../../test/support/shared-data.ts";
import { add, compile, gradients, input, matmul, mul, reduceMean, sub, swapLast, tanh, type Value } from "../graph/index.ts";
import { clipPresets, clipTensors } from "../models/clip/index.ts";
import { feedsOf } from "../runtime/session.ts";
import { toFloat32 } from "../tensor/stored-tensor.ts";
import { type Shape, sizeOf, type Tensor, tensor, zeros } from "../tensor/tensor.ts";
import { adam, adamW } from "./adam.ts";
import { clipFactor, clipFactorOf, globalNorm } from "./clip-norm.ts";
import type { ArrayOptimizer, Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";
import { isDecayed } from "./weight-decay.ts";

interface Settings {
  readonly kind: "AdamW" | "Adam" | "SGD";
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weight_decay: number;
  /** "all", the one decayed name, or a list of them. */
  readonly decay: string | readonly string[];
  readonly clip_norm?: number;
  readonly lr_factors?: readonly number[];
  readonly norms_before_clipping?: readonly number[];
}

function optimizerOf({ kind, betas, eps, momentum, nesterov }: Settings): Optimizer {
  if (kind === "SGD") return sgd({ momentum, nesterov });
  const options = { beta1: betas[0], beta2: betas[1], epsilon: eps };
  return kind === "AdamW" ? adamW(options) : adam(options);
}

const decayOf = ({ decay, weight_decay }: Settings, name: string): number => (decay === "all" || decay.includes(name) ? weight_decay : 0);

/** The same as `stepper` of a rule for arrays, with given gradients. */
function arrayStepper(optimizer: ArrayOptimizer, settings: Settings, shapes: Record<string, Shape>) {
  const names = Object.keys(shapes);
  const slots = new Map(names.map((name) => [name, optimizer.slots.map(() => new Float32Array(sizeOf(shapes[name]!)))]));
  return {
    async run(index: number, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
      const lr = settings.lr * (settings.lr_factors?.[index] ?? 1);
      const gradients = names.map((name) => toFloat32(feeds[`grad.${name}`]!));
      const norm = Math.sqrt(gradients.reduce((sum, g) => g.reduce((squares, x) => squares + x * x, sum), 0));
      const factor = settings.clip_norm ? clipFactorOf(norm, settings.clip_norm) : 1;
      const result: Record<string, Tensor> = { norm: tensor("float32", [], Float32Array.of(norm)) };
      names.forEach((name, i) => {
        const values = toFloat32(feeds[`parameter.${name}`]!).slice();
        optimizer.updateInPlace(values, gradients[i]!, slots.get(name)!, optimizer.numbers(index + 1, lr, decayOf(settings, name)), factor);
        result[`parameter.${name}`] = tensor("float32", shapes[name]!, values);
      });
      return result;
    },
    dispose: async () => {},
  };
}

/** One step of an optimiser on named parameters as a session. */
async function stepper(settings: Settings, shapes: Record<string, Shape>, gradientOf: (parameters: Record<string, Value>) => Value[]) {
  const optimizer = optimizerOf(settings);
  const names = Object.keys(shapes);
  if ("updateInPlace" in optimizer) return arrayStepper(optimizer, settings, shapes);
  const each = (prefix: string) => Object.fromEntries(names.map((name) => [name, input(`${prefix}.${name}`, "float32", shapes[name]!)]));
  const parameters = each("parameter");
  const slots = optimizer.slots.map((slot) => each(slot));
  const derived = gradientOf(parameters);
  const norm = globalNorm(derived);
  const clipped = derived.map((g) => (settings.clip_norm ? mul(g, clipFactor(norm, settings.clip_norm)) : g));
  const numbersOf = (step: number, lr: number, name: string) => optimizer.numbers(step, lr, decayOf(settings, name));
  const outputs: Record<string, Value> = { norm };
  names.forEach((name, i) => {
    const numbers = Object.fromEntries(Object.keys(numbersOf(1, 1, name)).map((key) => [key, input(`${key}.${name}`, "float32", [])]));
    const next = optimizer.update(
      parameters[name]!,
      clipped[i]!,
      slots.map((slot) => slot[name]!),
      numbers,
    );
    outputs[`parameter.${name}`] = next.parameter;
    next.slots.forEach((slot, k) => {
      outputs[`${optimizer.slots[k]}.${name}`] = slot;
    });
  });
  const session = await compile(outputs);
  let state: Record<string, Tensor> = Object.fromEntries(
    optimizer.slots.flatMap((slot) => names.map((name) => [`${slot}.${name}`, zeros("float32", shapes[name]!)])),
  );
  return {
    /** Makes step `index`, from 0. */
    async run(index: number, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
      const lr = settings.lr * (settings.lr_factors?.[index] ?? 1);
      const numbers = names.flatMap((name) =>
        Object.entries(numbersOf(index + 1, lr, name)).map(([key, value]) => [
          `${key}.${name}`,
          tensor("float32", [], Float32Array.of(value)),
        ]),
      );
      state = await session.run(feedsOf(session, { ...state, ...feeds, ...Object.fromEntries(numbers) }));
      return state;
    },
    dispose: () => session.dispose(),
  };
}

const optimizersFile = "parity/learn/optimizers.safetensors";

describeWith([optimizersFile], "ten steps on given gradients are the reference's", () => {
  test("AdamW, Adam, Adam with L2, SGD, Nesterov, clipping, changing learning rates", async () => {
    const { tensors, settings: all } = await readCase<{ cases: Record<string, Settings>; steps: number }>(optimizersFile);
    const { cases, steps } = all;
    const names = [...tensors.keys()].flatMap((key) => (key.startsWith("start.") ? [key.slice("start.".length)] : []));
    const shapes = Object.fromEntries(names.map((name) => [name, tensors.get(`start.${name}`)!.shape]));
    const part = (array: Tensor, i: number, shape: Shape) =>
      tensor("float32", shape, toFloat32(array).slice(i * sizeOf(shape), (i + 1) * sizeOf(shape)));
    for (const [title, settings] of Object.entries(cases)) {
      const given = (name: string) => input(`grad.${name}`, "float32", shapes[name]!);
      const step = await stepper(settings, shapes, () => names.map(given));
      let feeds = Object.fromEntries(names.map((name) => [`parameter.${name}`, tensors.get(`start.${name}`)!]));
      for (let i = 0; i < steps; i++) {
        const gradient = Object.fromEntries(names.map((name) => [`grad.${name}`, part(tensors.get(`grad.${name}`)!, i, shapes[name]!)]));
        feeds = await step.run(i, { ...feeds, ...gradient });
        for (const name of names) {
          const expected = part(tensors.get(`${title}.${name}`)!, i, shapes[name]!);
          expectClose(toFloat32(feeds[`parameter.${name}`]!), expected.data, 5e-6, `${title}, ${name} after step ${i}`);
        }
        const norm = settings.norms_before_clipping?.[i];
        if (norm !== undefined) expect(Number(feeds.norm!.data[0]) / norm).toBeCloseTo(1, 5);
      }
      await step.dispose();
    }
  });
});

const toyFile = "parity/learn/toy-adamw.safetensors";

describeWith([toyFile], "a tanh network fitted with AdamW", () => {
  test("has the reference's gradients, losses and weights", async () => {
    const { tensors, settings } = await readCase<{ optimizer: Settings; losses: number[] }>(toyFile);
    const { optimizer, losses } = settings;
    const names = ["w1", "b1", "w2", "b2"];
    const shapes = Object.fromEntries(names.map((name) => [name, tensors.get(`start.${name}`)!.shape]));
    const [x, y] = ["x", "y"].map((name) => input(name, "float32", tensors.get(name)!.shape)) as [Value, Value];
    const lossOf = ({ w1, b1, w2, b2 }: Record<string, Value>) => {
      const hidden = tanh(add(matmul(x, swapLast(w1!)), b1!)); // [16, 8]
      const difference = sub(add(matmul(hidden, swapLast(w2!)), b2!), y); // [16, 3]
      return reduceMean(mul(difference, difference));
    };
    const step = await stepper(optimizer, shapes, (parameters) => {
      return gradients(
        lossOf(parameters),
        names.map((name) => parameters[name]!),
      );
    });
    const parameters = Object.fromEntries(names.map((name) => [name, input(`parameter.${name}`, "float32", shapes[name]!)]));
    const loss = lossOf(parameters);
    const derived = gradients(
      loss,
      names.map((name) => parameters[name]!),
    );
    const look = await compile({ loss, ...Object.fromEntries(names.map((name, i) => [name, derived[i]!])) });
    const data = { x: tensors.get("x")!, y: tensors.get("y")! };
    let feeds: Record<string, Tensor> = Object.fromEntries(names.map((name) => [`parameter.${name}`, tensors.get(`start.${name}`)!]));
    for (const [i, expectedLoss] of losses.entries()) {
      const seen = await look.run(feedsOf(look, { ...feeds, ...data }));
      expect(Math.abs(Number(seen.loss!.data[0]) - expectedLoss), `loss ${i}`).toBeLessThan(2e-6);
      if (i === 0) for (const name of names) expectClose(toFloat32(seen[name]!), toFloat32(tensors.get(`grad0.${name}`)!), 2e-6, name);
      feeds = await step.run(i, { ...feeds, ...data });
      const expected = `after${i + 1}`;
      if (!tensors.has(`${expected}.w1`)) continue;
      for (const name of names)
        expect(largestDifference(toFloat32(feeds[`parameter.${name}`]!), toFloat32(tensors.get(`${expected}.${name}`)!))).toBeLessThan(
          2e-6,
        );
    }
    await Promise.all([look.dispose(), step.dispose()]);
  });
});

describeWith(["parity/learn/parameter-groups.json"], "weight decay", () => {
  const sizes = sharedJson<Record<string, { no_decay: string[]; decay: string[] }>>("parity/learn/parameter-groups.json");
  test.each(Object.entries(sizes))("%s: the parameters with and without it are open_clip's", (size, groups) => {
    const names = [...clipTensors(clipPresets[size === "full" ? "biomedclip" : `biomedclip-${size}`]!)];
    const those = (decayed: boolean) => names.filter(([name, shape]) => isDecayed(name, shape) === decayed).map(([name]) => name);
    expect(those(true)).toEqual(groups.decay);
    expect(those(false)).toEqual(groups.no_decay);
  });
});
