import { compile, constant, input, matmul } from "../graph/index.ts";
import type { SessionOptions } from "../runtime/session.ts";
import { normal } from "../tensor/random.ts";
import { tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";

const side = 1024;
const runs = 5;

/** Speed of a float32 matrix product of 1024 x 1024 on this machine, in operations per second: the best of a few runs. */
export async function gemmSpeed(options: SessionOptions = {}): Promise<number> {
  const matrix = tensor("float32", [side, side], normal("gemm", 1, side * side));
  const session = await compile({ y: matmul(input("x", "float32", [side, side]), constant(matrix)) }, options);
  let best = Number.POSITIVE_INFINITY;
  await thenDispose(async () => {
    for (let i = 0; i < runs; i++) {
      const start = performance.now();
      await session.run({ x: matrix });
      best = Math.min(best, performance.now() - start);
    }
  }, session);
  return (2 * side ** 3) / (best / 1000);
}
