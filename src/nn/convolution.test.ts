import { expect, test } from "vitest";
import { compile, concat, gradients, input, leakyRelu, mul, reduceSum, type Tensor, tensor, type Value } from "../graph/index.ts";
import { normal } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { type Convolution, conv2d, convTranspose2d, instanceNorm2d } from "./index.ts";

/** A U-Net of two levels: halved and doubled again, with what was there before beside it. */
function smallUNet(parameter: (name: string, shape: Shape) => Value, picture: Value): Value {
  const convolution = (name: string, weight: Shape, out: number): Convolution => ({
    weight: parameter(`${name}.weight`, weight),
    bias: parameter(`${name}.bias`, [out]),
  });
  const block = (x: Value, name: string, channels: number, stride: number): Value => {
    const y = conv2d(x, convolution(name, [channels, x.shape[1]!, 3, 3], channels), { stride, padding: 1 });
    const scale = { weight: parameter(`${name}.norm.weight`, [channels]), bias: parameter(`${name}.norm.bias`, [channels]) };
    return leakyRelu(instanceNorm2d(y, scale));
  };
  const top = block(picture, "top", 3, 1); // [B, 3, 8, 8]
  const bottom = block(top, "bottom", 4, 2); // [B, 4, 4, 4]
  const up = convTranspose2d(bottom, convolution("up", [4, 3, 2, 2], 3), { stride: 2 }); // [B, 3, 8, 8]
  return conv2d(block(concat([up, top], 1), "joined", 3, 1), convolution("classes", [2, 3, 1, 1], 2)); // [B, 2, 8, 8]
}

test("a small step of a U-Net along its gradient lowers the loss by the gradient's square", async () => {
  const parameters = new Map<string, Value>();
  const parameter = (name: string, shape: Shape) => {
    const value = input(name, "float32", shape);
    parameters.set(name, value);
    return value;
  };
  const picture = input("picture", "float32", [2, 1, 8, 8]);
  const scores = smallUNet(parameter, picture);
  const off = mul(scores, input("target", "float32", scores.shape));
  const loss = reduceSum(mul(off, off));
  const names = [...parameters.keys()];
  const derived = gradients(loss, [...parameters.values()]);
  const session = await compile({ loss, ...Object.fromEntries(names.map((name, i) => [name, derived[i]!])) });
  const random = (name: string, shape: Shape): Tensor<"float32"> => tensor("float32", shape, normal(name, 1, sizeOf(shape)));
  const start = Object.fromEntries([...parameters].map(([name, { shape }]) => [name, random(name, shape)]));
  const data = { picture: random("picture", picture.shape), target: random("target", scores.shape) };
  const { loss: before, ...gradient } = await session.run({ ...start, ...data });
  const flat = names.map((name) => gradient[name]!.data as Float32Array);
  const square = flat.flatMap((values) => [...values]).reduce((sum, value) => sum + value * value, 0);
  const step = (0.003 * Number(before!.data[0])) / square; // so that the loss falls by 0.3 %
  const moved = Object.fromEntries(
    names.map((name, i) => [
      name,
      tensor(
        "float32",
        start[name]!.shape,
        start[name]!.data.map((value, k) => value - step * flat[i]![k]!),
      ),
    ]),
  );
  const { loss: after } = await session.run({ ...moved, ...data });
  await session.dispose();
  expect((Number(before!.data[0]) - Number(after!.data[0])) / (step * square)).toBeCloseTo(1, 1);
});
