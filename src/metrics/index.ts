export type { SurfaceMetrics } from "./_surface-summary.ts";
export { pearson, rankCorrelation } from "./correlation.ts";
export { pointing, rocAuc } from "./localisation.ts";
export { nsd } from "./nsd.ts";
export { dsc, iou } from "./overlap.ts";
export { type PixelEdgeMetrics, pixelEdgeMetrics } from "./pixel-edge.ts";
export { releasedScores } from "./released.ts";
export { bootstrapMean, fewestForInterval, intervalText, mean, median, quantile, std } from "./statistics.ts";
export {
  assd,
  hausdorff,
  hd95,
  hd100,
  surfaceMetrics,
  surfaceNsd,
  type ToleranceOptions,
} from "./surface-distance.ts";
