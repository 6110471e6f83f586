import type { Shape } from "../../../tensor/tensor.ts";
import type { VitConfig } from "../../vit.ts";
import type { Weights } from "../../weights.ts";
import { countBlocks, headsOf, imageSizes, lengthReader, TensorList } from "../_tensor-sizes.ts";
import { type ClipConfig, type ClipTextConfig, clipMean, clipStd, positionGridOf } from "../config.ts";
import type { ConfigHints } from "../config-hints.ts";

/** ε of all layer normalisations. */
const usualEpsilon = 1e-5;

/** The end token of an older Hugging Face configuration, which does not mean it: its library then takes the largest id. */
const wrongEndToken = 2;

/** The configuration of a model: sizes from the shapes of its tensors, the rest from the hints, else heads 64 wide and quick-GELU. */
export function openAiConfigOf(weights: Weights, hints: ConfigHints): ClipConfig {
  const { file } = weights;
  const length = lengthReader(weights);
  const width = length(["visual.class_embedding", -1], ["visual.positional_embedding", -1], ["visual.ln_post.weight", 0]);
  const patch = weights.has("visual.conv1.weight") ? length(["visual.conv1.weight", 2]) : 16;
  const tokens = weights.has("visual.positional_embedding") ? length(["visual.positional_embedding", -2]) : 197;
  const textWidth = length(["text.token_embedding.weight", 1], ["text.ln_final.weight", 0]);
  const vocabulary = weights.has("text.token_embedding.weight") ? length(["text.token_embedding.weight", 0]) : 49408;
  const positions = weights.has("text.positional_embedding") ? length(["text.positional_embedding", 0]) : 77;
  const inner = (tower: string) =>
    length(
      [`${tower}.transformer.resblocks.0.mlp.c_fc.weight`, 0],
      [`${tower}.transformer.resblocks.0.mlp.c_fc.bias`, 0],
      [`${tower}.transformer.resblocks.0.mlp.c_proj.weight`, 1],
    );
  const depth = (tower: string) =>
    countBlocks(weights, (i) => ["ln_1.weight", "mlp.c_proj.weight"].map((name) => `${tower}.transformer.resblocks.${i}.${name}`));
  const { visionHeads, visionHeadWidth } = hints;
  return {
    family: "openai",
    vision: {
      ...imageSizes(file, tokens, patch, hints.claims),
      patch,
      width,
      depth: depth("visual"),
      heads: headsOf(file, "image", width, visionHeads ?? (visionHeadWidth && width / visionHeadWidth)),
      inner: inner("visual"),
      epsilon: hints.visionEpsilon ?? usualEpsilon,
      activation: hints.visionActivation ?? "quick-gelu",
    },
    text: {
      width: textWidth,
      depth: depth("text"),
      heads: headsOf(file, "text", textWidth, hints.textHeads),
      inner: inner("text"),
      vocabulary,
      positions,
      epsilon: hints.textEpsilon ?? usualEpsilon,
      activation: hints.textActivation ?? "quick-gelu",
      endToken: hints.endToken === undefined || hints.endToken === wrongEndToken ? vocabulary - 1 : hints.endToken,
    },
    embed: hints.embed ?? length(["visual.proj.weight", 0], ["text.proj.weight", 0]),
    contextLength: Math.min(hints.contextLength ?? positions, positions),
    mean: (hints.mean ?? clipMean) as [number, number, number],
    std: (hints.std ?? clipStd) as [number, number, number],
  };
}

/** What no file tells and shapes cannot: the activation. */
export function openAiAssumptions({ visionActivation }: ConfigHints): string[] {
  if (visionActivation !== undefined) return [];
  return [
    "no configuration tells which GELU the model uses: quick-GELU was assumed, as in OpenAI's own. For an open_clip model with exact GELU, pass its open_clip_config.json (--clip-config FILE).",
  ];
}

/** Official names and shapes of all tensors of a model. */
export function openAiTensors({ vision, text, embed }: ClipConfig): Map<string, Shape> {
  const list = new TensorList();
  const blocks = (tower: string, { width, inner, depth }: Pick<VitConfig, "width" | "inner" | "depth">) => {
    for (let i = 0; i < depth; i++) {
      const block = `${tower}.transformer.resblocks.${i}`;
      list.linear(`${block}.attn.in_proj`, 3 * width, width);
      list.linear(`${block}.attn.out_proj`, width, width);
      list.norm(`${block}.ln_1`, width);
      list.linear(`${block}.mlp.c_fc`, inner, width);
      list.linear(`${block}.mlp.c_proj`, width, inner);
      list.norm(`${block}.ln_2`, width);
    }
  };
  list.set("logit_scale", []);
  list.set("text.token_embedding.weight", [text.vocabulary, text.width]);
  list.set("text.positional_embedding", [text.positions, text.width]);
  blocks("text", text);
  list.norm("text.ln_final", text.width);
  list.set("visual.class_embedding", [vision.width]);
  list.set("visual.conv1.weight", [vision.width, 3, vision.patch, vision.patch]);
  list.set("visual.positional_embedding", [positionGridOf(vision) ** 2 + 1, vision.width]);
  list.norm("visual.ln_pre", vision.width);
  blocks("visual", vision);
  list.norm("visual.ln_post", vision.width);
  list.linear("visual.proj", embed, vision.width, false);
  list.linear("text.proj", embed, text.width, false);
  return list.tensors;
}

const preset = (
  vision: Pick<VitConfig, "patch" | "width" | "depth" | "heads">,
  text: Pick<ClipTextConfig, "width" | "depth" | "heads">,
  embed: number,
): ClipConfig => ({
  family: "openai",
  vision: { imageSize: 224, epsilon: usualEpsilon, activation: "quick-gelu", inner: 4 * vision.width, ...vision },
  text: {
    ...{ vocabulary: 49408, positions: 77, epsilon: usualEpsilon, activation: "quick-gelu", endToken: 49407, inner: 4 * text.width },
    ...text,
  },
  embed,
  contextLength: 77,
  mean: clipMean,
  std: clipStd,
});

const baseText = { width: 512, depth: 12, heads: 8 };

/** Sizes that can be made by name: the published models, and a small one for tests and demonstrations. */
export const openAiPresets = {
  "clip-vit-b-16": preset({ patch: 16, width: 768, depth: 12, heads: 12 }, baseText, 512),
  "clip-vit-b-32": preset({ patch: 32, width: 768, depth: 12, heads: 12 }, baseText, 512),
  "clip-vit-l-14": preset({ patch: 14, width: 1024, depth: 24, heads: 16 }, { width: 768, depth: 12, heads: 12 }, 768),
  "clip-tiny": preset({ patch: 16, width: 96, depth: 12, heads: 4 }, { width: 64, depth: 4, heads: 4 }, 64),
} as const;
