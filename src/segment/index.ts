export { SamAffinity } from "./affinity.ts";
export { type EverythingWork, everything, type Region } from "./everything/everything.ts";
export { EverythingOptions } from "./everything/options.ts";
export { regionBackgrounds, regionScores, regionView } from "./everything/region-scores.ts";
export { type LabelledMask, labelMap } from "./label-map.ts";
export { maskPromptLogits, type SquareSizes, squareSizesOf, type TargetGrid, targetGrid } from "./mask-prompt.ts";
export { noisedEmbedding } from "./noised-embedding.ts";
export { above, unionOf } from "./postprocess.ts";
export { type ImageEmbedding, Prediction, SamOptions, SamPredictor, type SamPrompts } from "./predictor.ts";
export { levelsWithin, probabilityLevels } from "./probability.ts";
export { type Enlarge, enlargeFor, samInput, samVariants, type Trained } from "./variants/index.ts";
export {
  type Candidates,
  releasedVote,
  releasedVotedMask,
  type VoteRule,
  type VoteRuleName,
  votedMask,
  votedUnion,
  voteRules,
} from "./voting.ts";
