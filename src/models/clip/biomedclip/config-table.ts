import { behind, count, type EntryRule, type EntryTable, neutral, neutrals, only, told } from "../../../check/config-entries.ts";
import { libraryEntries } from "../../library-entries.ts";
import { huggingFaceRoot, huggingFaceText, huggingFaceVision, openClipRoot, sections } from "../_shared-entries.ts";

const exactGelu = only("gelu", "gelu_python");

/** Entries of a Hugging Face `config.json` of the port. */
export const huggingFaceTable: EntryTable = {
  ...huggingFaceRoot,
  ...sections({
    vision_config: { ...huggingFaceVision, hidden_act: exactGelu, qkv_bias: only(true) },
    text_config: { ...huggingFaceText, hidden_act: exactGelu, type_vocab_size: only(2), position_embedding_type: only("absolute") },
    text_projection_config: {
      ...libraryEntries,
      hidden_act: exactGelu,
      hidden_size: told("text.width"),
      intermediate_size: told("textProjection"),
      projection_dim: count("embed"),
      num_hidden_layers: only(2),
    },
  }),
};

function textName(as: string): EntryRule {
  return { kind: "followed", as, read: (value) => (typeof value === "string" ? value : undefined), expected: "a text" };
}

/** Names of image models that are no plain vision transformer. */
const otherTower =
  /quickgelu|(^|[/_-])(resnet|resnext|resnest|convnext|efficientnet|swin|mobilenet|densenet|regnet|vgg|inception|eva|eva02|beit|mixer|mlp)/i;

/** The tower's name in timm; two activations have the same tensors, so that only the name tells them apart. */
const timmName: EntryRule = {
  kind: "followed",
  as: "timmName",
  read: (value) => (typeof value === "string" && !otherTower.test(value) ? value : undefined),
  expected: "the name of a vision transformer with exact GELU",
};

/** Names of language models that have BERT's tensors in part and compute or number tokens differently. */
const otherLanguageModel = /roberta|deberta|distilbert|electra|xlnet|(^|[/_-])(albert|gpt|t5|mt5)/i;

const bertName: EntryRule = {
  kind: "followed",
  as: "textName",
  read: (value) => (typeof value === "string" && !otherLanguageModel.test(value) ? value : undefined),
  expected: "the name of a BERT",
};

/** Entries of an `open_clip_config.json` with an image tower of timm and a language model of Hugging Face. */
export const openClipTable: EntryTable = {
  ...openClipRoot,
  "model_cfg.quick_gelu": only(false),
  "model_cfg.vision_cfg.timm_model_name": timmName,
  "model_cfg.vision_cfg.timm_pool": only("", "token"),
  "model_cfg.vision_cfg.timm_proj": only("linear"),
  "model_cfg.vision_cfg.timm_proj_bias": only(false),
  ...behind("model_cfg.vision_cfg", neutrals("timm_model_pretrained", "timm_drop", "timm_drop_path")),
  "model_cfg.text_cfg.hf_model_name": bertName,
  "model_cfg.text_cfg.hf_tokenizer_name": textName("tokenizerName"),
  "model_cfg.text_cfg.hf_proj_type": only("mlp"),
  "model_cfg.text_cfg.proj_type": only("mlp"),
  "model_cfg.text_cfg.proj": only("mlp"),
  "model_cfg.text_cfg.hf_pooler_type": only("cls_last_hidden_state_pooler"),
  "model_cfg.text_cfg.pooler_type": only("cls_last_hidden_state_pooler"),
  "model_cfg.text_cfg.hf_model_pretrained": neutral,
};
