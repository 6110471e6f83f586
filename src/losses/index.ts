export type { ContrastiveLoss, ContrastiveOptions } from "./contrastive-loss.ts";
export { type ContrastiveLossName, contrastiveLosses } from "./contrastive-losses.ts";
export { dcl, dhnNce, hnNce } from "./dhn-nce.ts";
export { infoNce } from "./info-nce.ts";
export { denseLoss, labelLoss, type RegionOptions } from "./region.ts";
export { releasedDhnNce } from "./released-dhn-nce.ts";
export { siglip } from "./siglip.ts";
