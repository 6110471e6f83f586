import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { ShapeError } from "../errors.ts";
import { shapeOf } from "../graph/arguments.ts";
import { isValue } from "../graph/value.ts";
import { sameShape } from "../tensor/tensor.ts";
import type { ContrastiveLoss } from "./contrastive-loss.ts";
import { dcl, dhnNce, hnNce } from "./dhn-nce.ts";
import { infoNce } from "./info-nce.ts";
import { releasedDhnNce } from "./released-dhn-nce.ts";
import { siglip } from "./siglip.ts";

const operand = z.custom((value) => Number.isFinite(value) || isValue(value), "a number or a value of a graph");
const weight = z.number().nonnegative().optional();
const Options = z.strictObject({
  scale: operand,
  alpha: weight,
  beta1: weight,
  beta2: weight,
  detachWeights: z.boolean().optional(),
  negatives: z.custom(isValue, "a value of a graph").optional(),
  paired: z.custom(isValue, "a value of a graph").optional(),
  bias: operand.optional(),
});

/** A loss whose arguments are checked. */
function checked(name: string, loss: ContrastiveLoss): ContrastiveLoss {
  return (image, text, options) => {
    const [one, other] = [shapeOf(image, `${name}: image`, 2), shapeOf(text, `${name}: text`, 2)];
    if (!sameShape(one, other)) throw new ShapeError(`${name}: image and text must have the same shape, got [${one}] and [${other}]`);
    checkedOptions(Options, options, name);
    return loss(image, text, options);
  };
}

/** The contrastive losses by the names that settings use. @throws ShapeError for features that do not fit, ConfigError for wrong options */
export const contrastiveLosses = {
  "dhn-nce": checked("dhnNce", dhnNce),
  "hn-nce": checked("hnNce", hnNce),
  dcl: checked("dcl", dcl),
  "info-nce": checked("infoNce", infoNce),
  siglip: checked("siglip", siglip),
  "dhn-nce-released": checked("releasedDhnNce", releasedDhnNce),
} as const satisfies Record<string, ContrastiveLoss>;

export type ContrastiveLossName = keyof typeof contrastiveLosses;
