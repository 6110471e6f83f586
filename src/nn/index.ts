export { type Attention, attention, mergeHeads, scaledDotProduct, splitHeads } from "./attention.ts";
export { type Convolution, conv2d, convTranspose2d } from "./convolution.ts";
export { type Adapter, type Linear, linear } from "./linear.ts";
export { channelNorm, cosineSimilarity, instanceNorm2d, type Norm, norm, unitLength } from "./normalise.ts";
