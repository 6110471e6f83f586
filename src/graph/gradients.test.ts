import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { gradientError } from "../../test/support/gradient-error.ts";
import { normal } from "../tensor/random.ts";
import { fromFloat32, storedTensor, toFloat32 } from "../tensor/stored-tensor.ts";
import { tensor } from "../tensor/tensor.ts";
import { compile } from "./compile.ts";
import { gradients, pullback } from "./gradients.ts";
import { matmul } from "./operators/algebra.ts";
import { loop } from "./operators/control.ts";
import { add, cast, clip, exp, greaterOrEqual, leakyRelu, max, mul, pow, relu, sigmoid } from "./operators/elementwise.ts";
import { detach, gather, reduceSum, transpose } from "./operators/movement.ts";
import { logSumExp, softmax } from "./operators/normalisation.ts";
import { compositions, operators } from "./operators/table.ts";
import { substitute } from "./substitute.ts";
import { apply, constant, input, type Operator, scalar, stored, type Value } from "./value.ts";

describe("each gradient rule agrees with finite differences", () => {
  const differentiable = [
    ...Object.values(operators).filter((operator) => operator.gradient),
    ...Object.entries(compositions).map(([name, samples]) => ({ name, samples })),
  ];

  test.each(differentiable)("$name", async ({ samples }) => {
    expect(samples, "an operator with a gradient needs a sample").not.toHaveLength(0);
    // Measured: float64 below 1e-9 (rounding of the differences), float32 below 1e-4 (curvature over the wide step).
    for (const sample of samples!)
      expect(await gradientError(sample)).toBeLessThan((sample.dtype ?? "float64") === "float64" ? 1e-8 : 1e-3);
  });
});

test("the table lists each operator under its own name", () => {
  for (const [name, operator] of Object.entries(operators)) expect(operator.name).toBe(name);
});

test("a value used twice gets the sum of both gradients", async () => {
  const x = input("x", "float32", [3]);
  const [dx] = gradients(reduceSum(mul(x, add(x, 1))), [x]) as [Value];
  const session = await compile({ dx });
  const run = await session.run({ x: tensor("float32", [3], Float32Array.of(0, 1, 2)) });
  expect([...run.dx!.data]).toEqual([1, 3, 5]); // 2x + 1
});

test("a value the loss does not depend on has gradient zero", async () => {
  const x = input("x", "float32", [2]);
  const [dx] = gradients(reduceSum(scalar(3)), [x]) as [Value];
  const session = await compile({ dx });
  expect([...(await session.run({})).dx!.data]).toEqual([0, 0]);
});

test("gradients flow through an intermediate value whose gradient is also requested", async () => {
  const x = input("x", "float32", [1]);
  const y = mul(x, 3);
  const [dx, dy] = gradients(reduceSum(mul(y, y)), [x, y]) as [Value, Value];
  const session = await compile({ dx, dy });
  const run = await session.run({ x: tensor("float32", [1], Float32Array.of(2)) });
  expect([run.dx!.data[0], run.dy!.data[0]]).toEqual([36, 12]);
});

test("at a kink the gradient is that of one side: 0 of a ReLU, 1 at the bounds of a clip, of equal numbers the first's", async () => {
  const [x, zeros] = [input("x", "float32", [3]), constant(tensor("float32", [3], new Float32Array(3)))];
  const of = (y: Value) => gradients(reduceSum(y), [x])[0]!;
  const session = await compile({ relu: of(relu(x)), clip: of(clip(x, -1, 0)), first: of(max(x, zeros)), second: of(max(zeros, x)) });
  const run = await session.run({ x: tensor("float32", [3], Float32Array.of(-1, 0, 1)) });
  await session.dispose();
  const found = Object.fromEntries(Object.entries(run).map(([name, { data }]) => [name, [...data].map(Number)]));
  expect(found).toEqual({ relu: [0, 0, 1], clip: [1, 1, 0], first: [0, 1, 1], second: [0, 0, 1] });
});

test("in half precision the gradient of a ReLU is 0 or 1, too, and of very small numbers 1", async () => {
  const half = (values: number[]) =>
    tensor("float16", [values.length], fromFloat32("float16", Float32Array.from(values)) as Uint16Array<ArrayBuffer>);
  const [x, small] = [input("x", "float16", [4]), input("small", "float32", [3])];
  const session = await compile({
    dx: gradients(reduceSum(relu(x)), [x])[0]!,
    dLeaky: gradients(reduceSum(leakyRelu(x, 0.25)), [x])[0]!,
    dSmall: gradients(reduceSum(relu(small)), [small])[0]!,
  });
  const run = await session.run({ x: half([-1, 0, 6e-8, 2]), small: tensor("float32", [3], Float32Array.of(-1e-37, 0, 1e-37)) });
  await session.dispose();
  expect([...toFloat32(run.dx!)]).toEqual([0, 0, 1, 1]);
  expect([...toFloat32(run.dLeaky!)]).toEqual([0.25, 0.25, 1, 1]);
  expect([...(run.dSmall!.data as Float32Array)]).toEqual([0, 0, 1]);
});

test("a power of 0 has the gradient 0 everywhere, at 0 too", async () => {
  const x = input("x", "float32", [2, 2]);
  const exponents = constant(tensor("float32", [2, 1], Float32Array.of(0, 2)));
  const session = await compile({ dx: gradients(reduceSum(pow(x, exponents)), [x])[0]! });
  const { dx } = await session.run({ x: tensor("float32", [2, 2], Float32Array.of(0, 3, 0, 3)) });
  await session.dispose();
  expect([...(dx!.data as Float32Array)]).toEqual([0, 0, 0, 6]);
});

test("an index that does not exist is an error of the inputs", async () => {
  const [x, at] = [input("x", "float32", [3]), input("at", "int64", [1])];
  const session = await compile({ y: gather(x, at) });
  const feeds = { x: tensor("float32", [3], new Float32Array(3)), at: tensor("int64", [1], BigInt64Array.of(7n)) };
  await expect(session.run(feeds)).rejects.toThrow(/^run: an index in the inputs does not exist/);
  await session.dispose();
});

test("a number that a type cannot hold is refused, not made infinite", () => {
  expect(() => scalar(1e30, "float16")).toThrow("float16 cannot hold 1e+30");
  expect(() => scalar(1e40)).toThrow("float32 cannot hold 1e+40");
  expect(scalar(Number.POSITIVE_INFINITY).dtype).toBe("float32");
});

test("a loop whose body is long is differentiated around without deep recursion", () => {
  const x = input("x", "float32", [1]);
  const { last } = loop(2, [input("other", "float32", [1])], (_, [value]) => {
    let y = value!;
    for (let i = 0; i < 20_000; i++) y = add(y, 1);
    return { next: [y] };
  });
  expect(gradients(reduceSum(mul(last[0]!, x)), [x])[0]!.shape).toEqual([1]);
});

test("a detached value counts as a constant", async () => {
  const x = input("x", "float32", [2]);
  const [dx] = gradients(reduceSum(mul(x, detach(mul(x, x)))), [x]) as [Value];
  const session = await compile({ dx });
  const run = await session.run({ x: tensor("float32", [2], Float32Array.of(2, 3)) });
  expect([...run.dx!.data]).toEqual([4, 9]); // x², where 3x² would be the whole derivative
  await session.dispose();
});

test("a log-sum-exp of large numbers is finite, and its gradient is the softmax", async () => {
  const x = input("x", "float32", [1, 3]);
  const y = logSumExp(x);
  const [dx] = gradients(reduceSum(y), [x]) as [Value];
  const session = await compile({ y, dx, softmax: softmax(x) });
  const run = await session.run({ x: tensor("float32", [1, 3], Float32Array.of(1000, 1000, -1000)) });
  expect(run.y!.data[0]).toBeCloseTo(1000 + Math.log(2), 4);
  expectClose(run.dx!.data as Float32Array, run.softmax!.data as Float32Array, 1e-7);
  await session.dispose();
});

describe("a value whose gradient would silently be zero is refused by name", () => {
  const x = input("x", "float32", [2]);
  const start = constant(tensor("float32", [2], new Float32Array(2)));

  test.each<[string, () => Value, string]>([
    ["a loop that starts from it", () => loop(3, [x], (_, [value]) => ({ next: [mul(value!, 2)] })).last[0]!, 'starts from input "x"'],
    ["a loop whose body captures it", () => loop(3, [start], (_, [sum]) => ({ next: [add(sum!, x)] })).last[0]!, 'captures input "x"'],
    [
      "a loop whose body captures what depends on it",
      () => loop(3, [start], (_, [sum]) => ({ next: [add(sum!, exp(x))] })).last[0]!,
      'captures Exp float32 [2] (2 elements), which depends on input "x"',
    ],
    [
      "a loop within a loop that captures it",
      () => loop(2, [start], (_, [a]) => ({ next: [loop(2, [a!], (_, [b]) => ({ next: [mul(b!, x)] })).last[0]!] })).last[0]!,
      'captures input "x"',
    ],
    [
      "what a loop collects",
      () => loop(3, [start], (_, [sum]) => ({ next: [sum!], collect: [mul(x, 2)] })).collected[0]!,
      "captures Mul float32 [2]",
    ],
    [
      "a loop whose other value captures it",
      () => loop(3, [start, start], (_, [a, b]) => ({ next: [add(b!, 1), mul(a!, x)] })).last[0]!,
      'captures input "x"',
    ],
    ["rounding to integers", () => cast(cast(x, "int32"), "float32"), "Cast is not differentiable in its input 0, Cast int32 [2]"],
    ["a comparison", () => greaterOrEqual(x, 0), "Cast is not differentiable in its input 0, GreaterOrEqual bool [2]"],
    [
      "an input that a rule leaves out",
      () => apply(leavesOut, [start, x])[0]!,
      'LeavesOut is not differentiable in its input 1, input "x"',
    ],
    ["a second output", () => apply(operators.LayerNormalization!, [x, start, start], { axis: { int: -1 } })[1]!, "only the first output"],
  ])("%s", (_, made, message) => {
    expect(() => gradients(reduceSum(made()), [x])).toThrow(message);
  });

  test("the same loops cost nothing when they do not depend on it", () => {
    const other = input("other", "float32", [2]);
    const { last, collected } = loop(3, [other], (_, [value]) => ({ next: [mul(value!, other)], collect: [value!] }));
    const y = mul(reduceSum(add(last[0]!, reduceSum(collected[0]!, [0]))), reduceSum(x));
    expect(gradients(y, [x])[0]!.shape).toEqual([2]);
  });

  test("another value of the same input, or of the same place in a file", () => {
    const twin = input("x", "float32", [2]);
    expect(() => gradients(reduceSum(exp(x)), [twin])).toThrow('input "x" float32 [2] (2 elements) is not the value of that name');
    const weight = (offset: number) => stored(storedTensor("weights.bin", offset, "float32", [2]));
    expect(() => gradients(reduceSum(exp(weight(8))), [weight(8)])).toThrow("is not the value of that name");
    expect(gradients(reduceSum(exp(weight(8))), [weight(0)])).toHaveLength(1);
    const numbers = tensor("float32", [2], Float32Array.of(1, 2));
    expect(() => gradients(reduceSum(exp(constant(numbers))), [constant(numbers)])).toThrow("is not the value of that name");
  });

  test("a value that exists only inside a loop", () => {
    let inside: Value | undefined;
    const { last } = loop(3, [x], (_, [value]) => {
      inside = value;
      return { next: [mul(value!, 2)] };
    });
    expect(() => gradients(reduceSum(last[0]!), [inside!])).toThrow('input "value0" float32 [2] (2 elements) exists only inside a loop');
  });

  test("an integer", () => {
    const n = input("n", "int64", [2]);
    expect(() => gradients(reduceSum(cast(n, "float32")), [n])).toThrow('input "n" int64 [2] (2 elements) is not a floating-point value');
  });
});

const leavesOut: Operator = { name: "LeavesOut", types: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }], gradient: (dy) => [dy] };

test("a value between two transpositions has its gradient, and can be substituted", async () => {
  const x = input("x", "float32", [2, 3]);
  const between = transpose(x, [1, 0]);
  const y = transpose(between, [1, 0]);
  const [dx] = gradients(reduceSum(mul(y, y)), [between]) as [Value];
  const other = input("other", "float32", [3, 2]);
  const [cut] = substitute([y], new Map([[between, other]])) as [Value];
  const session = await compile({ dx, cut, y });
  const numbers = Float32Array.of(1, 2, 3, 4, 5, 6);
  const run = await session.run({ x: tensor("float32", [2, 3], numbers), other: tensor("float32", [3, 2], numbers) });
  expect([...run.dx!.data]).toEqual([2, 8, 4, 10, 6, 12]);
  expect([...run.cut!.data]).toEqual([1, 3, 5, 2, 4, 6]);
  expect([...run.y!.data]).toEqual([...numbers]);
  await session.dispose();
});

test("a known gradient is propagated in two steps as in one", async () => {
  const x = input("x", "float32", [2]);
  const y = mul(x, x);
  const z = add(mul(y, 3), x);
  const [dy, direct] = gradients(reduceSum(mul(z, z)), [y, x]) as [Value, Value];
  const [throughZ] = gradients(reduceSum(mul(z, z)), [z]) as [Value];
  const [dx] = pullback([[z, throughZ]], [x]) as [Value];
  const session = await compile({ dx, direct, dy });
  const run = await session.run({ x: tensor("float32", [2], Float32Array.of(1, -2)) });
  expect(run.dx!.data).toEqual(run.direct!.data);
  expect([...run.dx!.data]).toEqual([56, -220]); // 2 z (6 x + 1)
  expect(() => pullback([[z, scalar(1)]], [x])).toThrow("must have its shape");
});

test("gradient descent inside a loop minimises: forward, backward and updates in one run", async () => {
  const target = constant(tensor("float32", [4, 1], normal("target", 1, 4)));
  const data = constant(tensor("float32", [16, 4], normal("data", 1, 64)));
  const labels = sigmoid(matmul(data, target));
  const { last, collected } = loop(200, [constant(tensor("float32", [4, 1], new Float32Array(4)))], (_, [weights]) => {
    const difference = add(sigmoid(matmul(data, weights!)), mul(labels, -1));
    const loss = reduceSum(mul(difference, difference));
    const [gradient] = gradients(loss, [weights!]) as [Value];
    return { next: [add(weights!, mul(gradient, -1))], collect: [loss] };
  });
  const session = await compile({ weights: last[0]!, losses: collected[0]! });
  const { weights, losses } = await session.run({});
  expect(losses!.shape).toEqual([200]);
  expect(Number(losses!.data[199])).toBeLessThan(1e-3 * Number(losses!.data[0]));
  const expected = normal("target", 1, 4);
  for (const [i, weight] of expected.entries()) expect(Number(weights!.data[i])).toBeCloseTo(weight, 1);
});
