import { expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import { compile, constant, input, quantisedGemm } from "../index.ts";

async function product(x: number[], b: number[], scale: number[], bias?: number[]): Promise<number[]> {
  const columns = scale.length;
  const y = quantisedGemm(
    input("x", "float32", [x.length / 2, 2]),
    constant(tensor("int8", [2, columns], Int8Array.from(b))),
    constant(tensor("float32", [columns], Float32Array.from(scale))),
    bias && constant(tensor("float32", [columns], Float32Array.from(bias))),
  );
  const session = await compile({ y });
  const { y: result } = await session.run({ x: tensor("float32", [x.length / 2, 2], Float32Array.from(x)) });
  await session.dispose();
  return Array.from(result!.data as Float32Array);
}

test("numbers that 8 bits hold are multiplied exactly", async () => {
  // x spans 0 to 255, so its scale is 1 and its zero 0: [[255, 3], [0, 10]] · [[1, -2], [100, 5]] = [[555, -495], [1000, 50]].
  expect(await product([255, 3, 0, 10], [1, -2, 100, 5], [0.5, 2])).toEqual([277.5, -990, 500, 100]);
  expect(await product([255, 3, 0, 10], [1, -2, 100, 5], [0.5, 2], [1, -1])).toEqual([278.5, -991, 501, 99]);
});

test("others are off by at most half a step of x for each weight", async () => {
  const x = [-0.7, 0.31, 1.3, 0.013];
  const [step, weights] = [2 / 255, [12, -7, 90, 33]];
  const exact = [x[0]! * 12 + x[1]! * 90, x[0]! * -7 + x[1]! * 33, x[2]! * 12 + x[3]! * 90, x[2]! * -7 + x[3]! * 33];
  for (const [i, y] of (await product(x, weights, [1, 1])).entries()) {
    expect(Math.abs(y - exact[i]!)).toBeLessThan(step * (i % 2 === 0 ? 12 + 90 : 7 + 33));
  }
});
