export {
  keepLargestComponents,
  type StackComponent,
  type StackComponents,
  type StackConnectivity,
  stackComponents,
} from "./components.ts";
export { type Diameter, longestDiameter, longestInSlice } from "./diameter.ts";
export { measuresOf, type StackMeasures } from "./measures.ts";
export {
  type Propagation,
  type PropagationOptions,
  type PropagationStep,
  propagate,
  type SliceConfidence,
  type SlicePrediction,
  type SlicePrompt,
  type StopReason,
} from "./propagate.ts";
export {
  extentFromRightToLeft,
  type PatientSide,
  type SidedTarget,
  type SideReference,
  type SplitSides,
  sideMismatch,
  sideNamed,
  splitSides,
} from "./sides.ts";
export { type SmoothingReach, smoothAlongNormal } from "./smooth.ts";
export { affineOfSpacing, placeOf, type VoxelToMm } from "./voxel-to-mm.ts";
