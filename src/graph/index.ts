export type { Session, SessionOptions } from "../runtime/session.ts";
export type { StoredTensor } from "../tensor/stored-tensor.ts";
export { type DType, type Shape, type Tensor, tensor } from "../tensor/tensor.ts";
export { compile } from "./compile.ts";
export { exportOnnx } from "./export-onnx.ts";
export { flopsOf } from "./flops.ts";
export { gradients, pullback } from "./gradients.ts";
export { type ModelOptions, serialise } from "./onnx.ts";
export type { Pair } from "./operators/_window.ts";
export { gemm, matmul } from "./operators/algebra.ts";
export { type Iteration, loop } from "./operators/control.ts";
export { type ConvolutionOptions, conv, convTranspose, type TransposedConvolutionOptions } from "./operators/convolution.ts";
export {
  add,
  cast,
  clip,
  cos,
  div,
  erf,
  exp,
  gelu,
  greaterOrEqual,
  leakyRelu,
  log,
  max,
  mul,
  neg,
  type Operand,
  pow,
  reciprocal,
  relu,
  sigmoid,
  sin,
  softplus,
  sqrt,
  sub,
  tanh,
  thresholdedRelu,
} from "./operators/elementwise.ts";
export {
  concat,
  crop,
  detach,
  expand,
  gather,
  pad,
  reduceSum,
  reshape,
  scatterAdd,
  slice,
  sumTo,
  swapLast,
  transpose,
} from "./operators/movement.ts";
export { type InstanceNormOptions, instanceNorm, layerNorm, logSumExp, reduceMean, softmax } from "./operators/normalisation.ts";
export { type AveragePoolingOptions, averagePool, maxPool, type PoolingOptions } from "./operators/pooling.ts";
export { quantisedGemm } from "./operators/quantisation.ts";
export { type ResizeMode, type ResizeOptions, resize } from "./operators/resize.ts";
export { operators } from "./operators/table.ts";
export { substitute } from "./substitute.ts";
export { type UsableDevice, usableDevice } from "./usable-device.ts";
export {
  type Attribute,
  type Attributes,
  type Body,
  constant,
  type GradientRule,
  type GradientSample,
  input,
  integers,
  type Node,
  type Operator,
  type OutputType,
  type Scope,
  type Source,
  scalar,
  stored,
  type Value,
} from "./value.ts";
