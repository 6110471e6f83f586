export { type Attention, attention, mergeHeads, scaledDotProduct, splitHeads } from "./attention.ts";
export { type Adapter, type Linear, linear } from "./linear.ts";
export { channelNorm, cosineSimilarity, type Norm, norm, unitLength } from "./normalise.ts";
