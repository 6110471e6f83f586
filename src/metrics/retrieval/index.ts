export { type Accuracy, type BatchRetrieval, type BatchRetrievalOptions, batchRetrieval, type TopAccuracy } from "./batches.ts";
export type { PairFeatures } from "./features.ts";
export { type PairRanks, type RankSummary, ranksOf, summariseRanks, type Ties } from "./ranks.ts";
export { pairRanks, type WholeSetOptions } from "./whole-set.ts";
