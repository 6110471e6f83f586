import { expect, test } from "vitest";
import { ShapeError } from "../../errors.ts";
import { isFloat } from "../../tensor/tensor.ts";
import { compile } from "../compile.ts";
import { input, type Value } from "../value.ts";
import { operators } from "./table.ts";

const sampled = Object.values(operators).flatMap(({ name, dtypes, samples: [sample] = [] }) => {
  // The bounds of Clip's sample are no integers.
  const possible = dtypes?.filter((dtype) => name !== "Clip" || isFloat(dtype));
  return possible && sample ? [{ name, dtypes: possible, sample }] : [];
});

test.each(sampled)("ONNX Runtime has kernels on the CPU for the dtypes that $name takes", async ({ dtypes, sample }) => {
  const applied = (dtype: Value["dtype"]) => sample.apply(...sample.shapes.map((shape, i) => input(`x${i}`, dtype, shape)));
  for (const dtype of dtypes) await (await compile({ y: applied(dtype) })).dispose();
  expect(() => applied("bool")).toThrow(ShapeError);
});
