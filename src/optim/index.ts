export { type AdamOptions, type AdamState, adam, adamStep, adamW } from "./adam.ts";
export { clipFactor, clipFactorOf, globalNorm, squaredNorm } from "./clip-norm.ts";
export type { GraphOptimizer, Optimizer } from "./optimizer.ts";
export {
  afterEpoch,
  constantRate,
  constantWithCooldown,
  cosine,
  halvedEachEpoch,
  type Plateau,
  type PlateauOptions,
  plateauAt,
  type Schedule,
  type ThresholdMode,
} from "./schedules.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
export { isDecayed } from "./weight-decay.ts";
