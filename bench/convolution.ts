/**
 * Speed of each form of a convolution's gradients, in GFLOP/s: the numbers beside `weightGradient` and `inputGradient`.
 *
 *     npm run bench:convolution
 */
import { type ConvolutionOptions, compile, conv, gradients, input, mul, reduceSum, type Value } from "../src/graph/index.ts";
import { weightGradientForms } from "../src/graph/operators/_weight-gradient.ts";
import { normal } from "../src/tensor/random.ts";
import { sizeOf, type Tensor, tensor } from "../src/tensor/tensor.ts";

const batch = 4;
const runs = Number(process.argv[2] ?? 5);

/** Channels in and out, side of the picture that the kernel of 3 x 3 reads, stride. */
const shapes = [
  [32, 32, 256, 1],
  [64, 64, 128, 1],
  [128, 128, 64, 1],
  [256, 256, 32, 1],
  [512, 512, 16, 1],
  [512, 512, 8, 1],
  [32, 64, 256, 2],
  [64, 128, 128, 2],
  [128, 256, 64, 2],
  [256, 512, 32, 2],
] as const;

async function milliseconds(value: Value, feeds: Readonly<Record<string, Tensor>>): Promise<number> {
  const session = await compile({ value });
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= runs; i++) {
    const begun = performance.now();
    await session.run(feeds);
    if (i > 0) best = Math.min(best, performance.now() - begun);
  }
  await session.dispose();
  return best;
}

for (const [channels, out, side, stride] of shapes) {
  const options: ConvolutionOptions = { stride, padding: 1 };
  const x = input("x", "float32", [batch, channels, side, side]);
  const w = input("w", "float32", [out, channels, 3, 3]);
  const y = conv(x, w, options);
  const dy = input("dy", "float32", y.shape);
  const window = { kernel: [3, 3], stride: [stride, stride], padding: [1, 1], dilation: [1, 1] } as const;
  const forms = Object.entries(weightGradientForms).filter(([name]) => name !== (stride === 1 ? "byPhase" : "byShift"));
  const [dx, dw] = gradients(reduceSum(mul(y, dy)), [x, w]) as [Value, Value];
  const measured = { forward: y, dx, dw, ...Object.fromEntries(forms.map(([name, form]) => [`dw ${name}`, form(x, dy, window)])) };
  const feeds = Object.fromEntries(
    [x, w, dy].map((value) => {
      const name = (value.source as { name: string }).name;
      return [name, tensor("float32", value.shape, normal(name, 1, sizeOf(value.shape)))];
    }),
  );
  const flops = (2 * sizeOf(y.shape) * channels * 9) / 1e6; // GFLOP/s times milliseconds
  const row: string[] = [];
  for (const [name, value] of Object.entries(measured)) row.push(`${name} ${(flops / (await milliseconds(value, feeds))).toFixed(0)}`);
  console.log(`${channels} > ${out}, ${side} x ${side}, stride ${stride}: ${row.join(", ")}`);
}
