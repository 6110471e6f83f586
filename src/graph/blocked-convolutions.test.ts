import { expect, test } from "vitest";
import { openSession } from "#runtime";
import { largestDifference } from "../../test/support/close.ts";
import { feedsOf } from "../runtime/session.ts";
import { normal } from "../tensor/random.ts";
import { toFloat32 } from "../tensor/stored-tensor.ts";
import { type Shape, sizeOf, tensor } from "../tensor/tensor.ts";
import { blockedChannels, hasFedKernels, inBlocks } from "./blocked-convolutions.ts";
import { add, compile, constant, conv, convTranspose, gradients, input, mul, reduceSum, type Value } from "./index.ts";
import { modelOf } from "./onnx.ts";
import { nodesOf } from "./order.ts";

const filled = (name: string, shape: Shape) => tensor("float32", shape, normal(name, 1, sizeOf(shape)));
const shapes: Record<string, Shape> = {
  x: [2, 32, 24, 26],
  y: [2, 16, 24, 26],
  w: [48, 32, 3, 3],
  v: [48, 16, 3, 3],
  t: [32, 48, 3, 3],
  b: [48],
};
const [x, y, w, v, t, b] = Object.entries(shapes).map(([name, shape]) => input(name, "float32", shape)) as [
  ...[Value, Value, Value, Value, Value, Value],
];

const graphs: Record<string, Value> = {
  "a convolution": conv(x, w, { padding: 1, bias: b }),
  "one that skips rows and columns": conv(x, w, { stride: [1, 2], padding: [0, 2], dilation: [2, 1] }),
  "a transposed one": convTranspose(x, t, { padding: 1, bias: b }),
  "a sum of two": add(conv(x, w, { padding: 1, bias: b }), conv(y, v, { padding: 1 })),
  "a sum of two, the bias in the second": add(conv(x, w, { padding: 1 }), conv(y, v, { padding: 1, bias: b })),
  "a sum of two without bias": add(conv(x, w, { padding: 1 }), conv(y, v, { padding: 1 })),
  "two that read one another": conv(conv(x, w, { padding: 1 }), constant(filled("k", [16, 48, 1, 1]))),
};

async function run(opening: ReturnType<typeof compile>) {
  const session = await opening;
  try {
    return await session.run(
      feedsOf(session, Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, filled(name, shape)]))),
    );
  } finally {
    await session.dispose();
  }
}

test.each(Object.entries(graphs))("%s in blocks gives the same, and so do its gradients", async (_, result) => {
  const weights = constant(filled("weights", result.shape));
  const wrt = [x, w, t, b];
  const derived = gradients(reduceSum(mul(result, weights)), wrt);
  const outputs = { result, ...Object.fromEntries(derived.map((value, i) => [`gradient ${i}`, value])) };
  const fast = await run(compile(outputs));
  const plain = await run(openSession(modelOf(outputs)));
  for (const [name, expected] of Object.entries(plain)) {
    const values = toFloat32(expected);
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(toFloat32(fast[name]!), values), name).toBeLessThanOrEqual(2e-6 * scale);
  }
});

const operatorNames = (values: readonly Value[]) => nodesOf(values).map(({ operator }) => operator.name);

test("copies into blocks are made once, and not between the two convolutions of a sum", () => {
  const sum = add(conv(x, w, { padding: 1, bias: b }), conv(y, v, { padding: 1 }));
  const [fast] = inBlocks([sum, conv(x, w)], 16) as [Value, Value];
  expect(
    operatorNames([fast])
      .filter((name) => ["Add", "Conv", "ReorderInput", "ReorderOutput"].includes(name))
      .sort(),
  ).toEqual([...["Conv", "Conv", "ReorderInput", "ReorderInput", "ReorderOutput"]]);
});

test("left as they are: constant kernels, few positions, channels that do not fill blocks, processors without such kernels", () => {
  const fixed = conv(x, constant(filled("w", shapes.w!)), { padding: 1 });
  const small = conv(input("small", "float32", [1, 32, 8, 8]), w);
  expect(hasFedKernels([fixed, small])).toBe(false);
  for (const value of [fixed, small, conv(y, input("u", "float32", [10, 16, 3, 3]))]) expect(inBlocks([value], 16)).toEqual([value]);
  expect(inBlocks([conv(x, w)], 1).map(({ source }) => source.kind === "node" && source.node.operator.domain)).toEqual([undefined]);
});

test("the number of channels in a block is known for the CPU alone", async () => {
  expect([1, 4, 8, 16, 32]).toContain(await blockedChannels({}));
  expect(await blockedChannels({ device: "webgpu" })).toBe(1);
});
