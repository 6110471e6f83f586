export { augmentedPoints, type PointRuleName, pointRules } from "./augmentation/augmented-points.ts";
export { type BoxClamp, type BoxOptions, boxesOf, partsOfBoxes } from "./boxes.ts";
export { type PointOptions, pointCandidates, pointsOf } from "./points.ts";
export {
  type EmptyMask,
  type PromptKind,
  promptPresets,
  type VisualPromptOptions,
  type VisualPrompts,
  visualPrompts,
} from "./visual-prompts.ts";
