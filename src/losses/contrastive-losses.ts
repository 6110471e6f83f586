import type { ContrastiveLoss } from "./contrastive-loss.ts";
import { dcl, dhnNce, hnNce } from "./dhn-nce.ts";
import { infoNce } from "./info-nce.ts";
import { releasedDhnNce } from "./released-dhn-nce.ts";
import { siglip } from "./siglip.ts";

/** The contrastive losses by the names that settings use. */
export const contrastiveLosses = {
  "dhn-nce": dhnNce,
  "hn-nce": hnNce,
  dcl,
  "info-nce": infoNce,
  siglip,
  "dhn-nce-released": releasedDhnNce,
} as const satisfies Record<string, ContrastiveLoss>;

export type ContrastiveLossName = keyof typeof contrastiveLosses;
