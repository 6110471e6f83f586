import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { compile, constant } from "../../graph/index.ts";
import { tensor } from "../../tensor/tensor.ts";
import { resizedPositions } from "./positions.ts";

/** A table [1, 1 + g · g, 2] of made-up numbers. */
const table = (grid: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: 2 * (grid * grid + 1) }, (_, at) => {
    const [i, channel] = [Math.floor(at / 2), at % 2];
    return (((i * 7 + channel * 3) * (i + 1)) % 11) / 2 - 2;
  });

async function resized(from: number, to: number): Promise<number[]> {
  const positions = resizedPositions(constant(tensor("float32", [1, from * from + 1, 2], table(from))), from, to);
  const session = await compile({ positions });
  const { positions: values } = await session.run({});
  await session.dispose();
  return Array.from(values!.data as Float32Array);
}

// torch 2.15.0: interpolate(table[:, 1:] as [1, 2, g, g], size=(G, G), mode="bicubic", antialias=True, align_corners=False), in float64
// biome-ignore format: one line a case
const expected: [number, number, number[]][] = [
  [3, 5, [-0.952118, 2.90299, 0.595607, 2.306252, 2.801887, 1.462264, 2.088426, 1.775908, 1.361161, 2.081168, 0.36011, 0.852295, 0.542242, 1.214162, 0.91791, 1.787313, 1.505597, 1.952217, 1.852929, 1.995987, 2.264151, -1.764151, 0.615672, -0.25, -1.5, 2.0, 0.615672, 1.83209, 2.264151, 1.462264, 1.852929, 0.957054, 1.505597, 0.789458, 0.91791, 0.399254, 0.542242, -0.399198, 0.36011, -0.884892, 1.361161, 3.065326, 2.088426, 1.648127, 2.801887, -0.688679, 0.595607, -1.867854, -0.952118, -2.383054]],
  [5, 3, [1.274201, 2.131953, 1.897066, 0.463184, -0.701183, -0.644497, -0.343256, 1.378569, 1.843267, 1.477328, 0.836816, -1.003399, -1.334675, -0.077041, 0.777889, 1.756887, 1.584734, 0.507811]],
];

test.each(expected)(
  "positions of a grid of %d become those of %d as in PyTorch, and the class token keeps its own",
  async (from, to, patches) => {
    const values = await resized(from, to);
    expectClose(values.slice(2), patches, 2e-6, "patches");
    expect(values.slice(0, 2)).toEqual([...table(from).slice(0, 2)]);
  },
);
