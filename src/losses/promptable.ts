import { ShapeError } from "../errors.ts";
import {
  add,
  detach,
  div,
  expand,
  greaterOrEqual,
  max,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  sub,
  type Value,
} from "../graph/index.ts";
import { sameShape } from "../tensor/tensor.ts";
import { dicePlain, diceSquared } from "./dice.ts";
import { binaryCrossEntropy, focal } from "./focal.ts";

/** How much focal loss counts beside Dice loss in SAM's training. */
const focalWeight = 20;

/**
 * The loss of MedSAM: Dice loss with squares plus mean cross-entropy, over one mask a prompt.
 *
 * @param logits - [N, 1, H, W]
 * @param target - [N, 1, H, W], 0 or 1
 * @returns a scalar, the mean over the prompts
 * @see Ma et al. 2024, arXiv:2304.12306
 */
export function medsamLoss(logits: Value, target: Value): Value {
  return add(reduceMean(diceSquared(logits, target)), reduceMean(binaryCrossEntropy(logits, target)));
}

/**
 * The loss of SAM: only the best mask of each prompt gets a gradient, and the IoU head is trained
 * on all masks.
 *
 *   L = mean_n min_m (20 focal_nm + dice_nm) + mean_nm (predicted IoU_nm - IoU_nm)²
 *
 * @param logits - [N, M, H, W]; with M = 1 there is nothing to choose
 * @param iou - [N, M], what the model predicts of each mask
 * @param target - [N, 1, H, W], 0 or 1
 * @returns a scalar
 * @throws ShapeError when the shapes do not fit
 * @see Kirillov et al. 2023, arXiv:2304.02643, appendix A
 */
export function samLoss(logits: Value, iou: Value, target: Value): Value {
  const [prompts, masks, ...size] = logits.shape;
  if (!sameShape(target.shape, [prompts!, 1, ...size]) || !sameShape(iou.shape, [prompts!, masks!])) {
    throw new ShapeError(
      `samLoss: with logits [${logits.shape}] the target must be [${[prompts, 1, ...size]}] and iou [${prompts},${masks}], got [${target.shape}] and [${iou.shape}]`,
    );
  }
  const truth = expand(target, logits.shape);
  const each = add(mul(focal(logits, truth), focalWeight), dicePlain(logits, truth)); // [N, M]
  const error = sub(iou, actualIou(logits, truth));
  return add(reduceMean(leastOf(each)), reduceMean(mul(error, error)));
}

/** IoU of each mask where logits are above 0 with the target, [N, M]: a constant in derivatives. Two empty masks have IoU 0. */
export function actualIou(logits: Value, target: Value): Value {
  const inside = sub(1, greaterOrEqual(0, detach(logits))); // [N, M, H, W]
  const both = reduceSum(mul(inside, target), [-2, -1]); // [N, M]
  const either = sub(add(reduceSum(inside, [-2, -1]), reduceSum(target, [-2, -1])), both);
  return detach(div(both, max(either, 1)));
}

/** The least of each row: [N, M] to [N]. */
function leastOf(x: Value): Value {
  const columns = Array.from({ length: x.shape[1]! }, (_, m) => reshape(slice(x, 1, m, m + 1), [x.shape[0]!]));
  return columns.reduce((least, column) => neg(max(neg(least), neg(column))));
}
