import { keysOf } from "../keys-of.ts";

/** A metric of a mask against its ground truth. */
export interface Metric {
  readonly title: string;
  readonly better: "higher" | "lower";
  /** A share in [0, 1], or a length in the unit of the spacing. */
  readonly unit: "fraction" | "distance";
}

/** The metrics of `evaluate`, in the order of its tables. */
export const metricTable = {
  dsc: { title: "DSC", better: "higher", unit: "fraction" },
  iou: { title: "IoU", better: "higher", unit: "fraction" },
  /** The released (area) form, whose tolerance is 2 pixels. */
  nsd: { title: "NSD (published form, 2 px)", better: "higher", unit: "fraction" },
  surfaceNsd: { title: "NSD (contours)", better: "higher", unit: "fraction" },
  /** Without images of which a mask is empty or missing, so a model that finds fewer structures may seem better. */
  hd95: { title: "HD95", better: "lower", unit: "distance" },
  assd: { title: "ASSD", better: "lower", unit: "distance" },
  /** Over all images: the diagonal of the image where one mask is empty or the prediction missing, 0 where both are empty. */
  hd95Penalised: { title: "HD95, penalised", better: "lower", unit: "distance" },
  assdPenalised: { title: "ASSD, penalised", better: "lower", unit: "distance" },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metricTable;
export const metricNames = keysOf(metricTable);
