import { ConfigError } from "../../errors.ts";
import { type SamConfig, samTensors } from "../../models/sam/index.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { frozenNames } from "../frozen-names.ts";
import type { PromptableSettings } from "./settings.ts";

/** The trained mask outputs, as [from, to) of the decoder's mask tokens. */
export interface MaskRange {
  readonly from: number;
  readonly to: number;
}

/** Which mask outputs are trained: the first is the single mask, the others are candidates. Each range is one term of the loss. */
export function learntMasks({ loss, masks }: Pick<PromptableSettings, "loss" | "masks">, { decoder }: SamConfig): MaskRange[] {
  const [first, candidates] = [
    { from: 0, to: 1 },
    { from: 1, to: decoder.masks },
  ];
  if (loss === "medsam" || masks === "first") return [first];
  return masks === "both" ? [first, candidates] : [candidates];
}

/**
 * Names and shapes of the tensors that a run trains: the mask decoder, and optionally the image encoder and the point and box embeddings
 * of the prompt encoder. Tensors that the loss does not depend on are left out, as only weight decay would change them: heads of masks that
 * are not trained, the IoU head with the loss `medsam`, and without mask prompts the network for them. The random directions of the position
 * features are never trained, as in the official model.
 *
 * @throws ConfigError when a name to be frozen matches no tensor, or no trainable parameters remain
 */
export function promptableTensors(config: SamConfig, settings: PromptableSettings): Map<string, Shape> {
  const ranges = learntMasks(settings, config);
  const parts = [
    /^mask_decoder\./,
    ...(settings.trainEncoder ? [/^image_encoder\./] : []),
    ...(settings.trainPromptEncoder ? [/^prompt_encoder\.(point_embeddings|not_a_point_embed|no_mask_embed)\./] : []),
    ...(settings.trainPromptEncoder && settings.maskShare > 0 ? [/^prompt_encoder\.mask_downscaling\./] : []),
  ];
  const isIdle = (name: string): boolean => {
    const mask = /^mask_decoder\.output_hypernetworks_mlps\.(\d+)\./.exec(name)?.[1];
    if (mask !== undefined) return !ranges.some(({ from, to }) => Number(mask) >= from && Number(mask) < to);
    return settings.loss === "medsam" && name.startsWith("mask_decoder.iou_prediction_head.");
  };
  const all = samTensors(config);
  const isFrozen = frozenNames(settings.freeze, [...all.keys()]);
  const trained = [...all].filter(([name]) => parts.some((part) => part.test(name)) && !isIdle(name) && !isFrozen(name));
  if (trained.length === 0) throw new ConfigError("no trainable parameters: all tensors are frozen. Freeze fewer of them.");
  return new Map(trained);
}
