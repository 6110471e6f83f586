import type { GradientSample, Operator } from "../value.ts";
import { algebra } from "./algebra.ts";
import { control } from "./control.ts";
import { convolution } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { movement } from "./movement.ts";
import { instanceNormSamples, normalisation } from "./normalisation.ts";
import { pooling } from "./pooling.ts";
import { quantisation } from "./quantisation.ts";
import { resizeSamples } from "./resize.ts";

/** Every operator by its ONNX name, each with its shape rule, its gradient rule and the samples that test it. */
export const operators: Readonly<Record<string, Operator>> = {
  ...movement,
  ...elementwise,
  ...algebra,
  ...normalisation,
  ...convolution,
  ...pooling,
  ...control,
  ...quantisation,
};

/** Functions made of several operators whose gradients are tested as those of operators are. */
export const compositions: Readonly<Record<string, readonly GradientSample[]>> = {
  resize: resizeSamples,
  instanceNorm: instanceNormSamples,
};
