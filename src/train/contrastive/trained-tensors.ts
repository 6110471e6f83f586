import { ConfigError } from "../../errors.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { frozenNames } from "../frozen-names.ts";
import { loraAdapters, loraTensors } from "../lora.ts";
import { type ContrastiveSettings, readsDenseFeatures } from "./settings.ts";

/** The bias of SigLIP, absent in other models. */
export const logitBias = "logit_bias";

/** Tensors of the convolutional branch. */
const ofBranch = /^visual\.dense\./;

/**
 * Why the convolutional branch of a model is not trained; undefined if it is, or there is none.
 *
 * @param trained - names of the trained tensors
 */
export function untrainedBranch(
  tensors: ReadonlyMap<string, Shape>,
  trained: readonly string[],
  settings: ContrastiveSettings,
): string | undefined {
  if (![...tensors.keys()].some((name) => ofBranch.test(name)) || trained.some((name) => ofBranch.test(name))) return undefined;
  if (!readsDenseFeatures(settings))
    return "--dense-weight, --dice-weight and --presence-weight, the losses of outlined images (--regions), are 0";
  return settings.loraRank > 0 ? "LoRA has no adapters for it (--lora-rank)" : "its tensors are frozen (--freeze)";
}

/**
 * Names and shapes of the tensors that a run trains. Without a loss of dense features those of the convolutional branch are left out, as
 * only weight decay would change them.
 *
 * @param tensors - all tensors of the model
 * @throws ConfigError when a name to be frozen matches no tensor, or no trainable parameters remain
 */
export function trainedTensors(tensors: ReadonlyMap<string, Shape>, settings: ContrastiveSettings): Map<string, Shape> {
  const isNamed = frozenNames(settings.freeze, [...tensors.keys()]);
  const isIdle = (name: string) => !readsDenseFeatures(settings) && ofBranch.test(name);
  const isFrozen = (name: string) =>
    frozenBelow(name, settings.freezeVision, /^visual\.(?:trunk|transformer)\.(?:res)?blocks\.(\d+)\./, imageEmbeddings) ||
    frozenBelow(name, settings.freezeText, /^text\.transformer\.(?:encoder\.layer|resblocks)\.(\d+)\./, textEmbeddings) ||
    isNamed(name);
  const free = new Map([...tensors].filter(([name]) => name !== "logit_scale" && !isFrozen(name) && !isIdle(name)));
  const trained = settings.loraRank > 0 ? loraTensors(loraAdapters(free, loraOf(settings)), loraOf(settings)) : free;
  if (settings.learnTemperature && !isFrozen("logit_scale")) trained.set("logit_scale", []);
  if (settings.loss === "siglip") trained.set(logitBias, []);
  if (trained.size === 0) throw new ConfigError("no trainable parameters: all tensors are frozen. Freeze fewer of them.");
  return trained;
}

/** LoRA options from the settings. */
export function loraOf({ loraRank, loraAlpha, loraTargets }: ContrastiveSettings) {
  return { rank: loraRank, alpha: loraAlpha, targets: loraTargets };
}

/** What lies before the blocks of the towers, in the names of all families. */
const imageEmbeddings = /^visual\.(?:trunk\.(?:cls_token|pos_embed|patch_embed)|class_embedding|positional_embedding|conv1\.|ln_pre\.)/;
const textEmbeddings = /^text\.(?:transformer\.embeddings\.|token_embedding\.|positional_embedding)/;

/** Whether a tensor belongs to the first `count` blocks, or to the layers before them. */
function frozenBelow(name: string, count: number, blocks: RegExp, before: RegExp): boolean {
  return count > 0 && (before.test(name) || Number(blocks.exec(name)?.[1] ?? count) < count);
}
