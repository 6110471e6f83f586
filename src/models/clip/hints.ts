import { type Entries, readEntries } from "../../check/config-entries.ts";
import { ConfigError } from "../../errors.ts";
import type { Fit } from "../../image/index.ts";
import { preprocessorTable } from "./_shared-entries.ts";
import type { ClipFamilyName } from "./config.ts";
import type { ConfigHints } from "./config-hints.ts";
import { clipFamilies } from "./families.ts";

/** Heads of timm's vision transformers whose head is not 64 wide, or which go by a name alone. */
const timmHeads: Record<string, number> = {
  vit_tiny: 3,
  vit_small: 6,
  vit_base: 12,
  vit_large: 16,
  vit_huge: 16,
  vit_giant: 16,
  vit_gigantic: 16,
};

/** An object of settings inside another; empty where there is none. */
function section(json: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const found = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key], json);
  return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
}

/** The family that an `open_clip_config.json` describes, if it tells: open_clip's own towers have sizes, those of other libraries names. */
function openClipFamily(json: unknown): ClipFamilyName | undefined {
  const [vision, text] = [section(json, "model_cfg", "vision_cfg"), section(json, "model_cfg", "text_cfg")];
  if ("timm_model_name" in vision || "hf_model_name" in text) return "biomedclip";
  return "layers" in vision || section(json, "model_cfg").quick_gelu === true ? "openai" : undefined;
}

/** The family that a Hugging Face `config.json` describes: the port of BiomedCLIP has a BERT, and a section about its projection. */
function huggingFaceFamily(json: unknown): ClipFamilyName {
  const isPort = "text_projection_config" in section(json) || section(json, "text_config").model_type === "bert";
  return isPort ? "biomedclip" : "openai";
}

/**
 * Reads the hints of an `open_clip_config.json` or of a Hugging Face `config.json`.
 *
 * @throws ConfigError when it is another file, or describes a model that is computed differently
 */
export function readHints(json: unknown): ConfigHints {
  const keys = Object.keys(section(json));
  if (keys.includes("model_cfg")) return openClipHints(json);
  if (keys.includes("vision_config")) {
    const family = huggingFaceFamily(json);
    const hints = hintsOf(readEntries(json, clipFamilies[family].huggingFaceTable));
    // What such a file leaves out is as in its library's `CLIPConfig`.
    const usual = family === "openai" ? ({ visionActivation: "quick-gelu", textActivation: "quick-gelu" } as const) : {};
    return { family, ...usual, ...hints };
  }
  throw new ConfigError(
    `a CLIP configuration needs "model_cfg" (open_clip) or "vision_config" (Hugging Face), got the keys ${keys.join(", ") || "(none)"}`,
  );
}

/** What becomes other hints. */
interface OpenClipEntries extends ConfigHints {
  readonly timmName?: string;
  readonly tokenizerName?: string;
  readonly quickGelu?: boolean;
}

/**
 * The hints of an open_clip file. It names towers of other libraries but not their heads: the optional block `sizes` (this project's
 * addition for models that have no published name) comes first, then timm's name.
 */
function openClipHints(json: unknown): ConfigHints {
  const family = openClipFamily(json);
  const table = clipFamilies[family ?? "biomedclip"].openClipTable;
  const { timmName, tokenizerName, quickGelu = false, ...read } = hintsOf(readEntries(json, table)) as OpenClipEntries;
  const activation = quickGelu ? "quick-gelu" : "gelu";
  const isForeign = tokenizerName !== undefined && read.textName !== undefined && tokenizerName !== read.textName;
  const doubt = `"model_cfg.text_cfg.hf_tokenizer_name" is "${tokenizerName}", but the text tower is "${read.textName}". If their vocabularies differ, every text is encoded wrongly: use that of the text tower.`;
  const known = Object.keys(timmHeads).find((prefix) => timmName?.startsWith(`${prefix}_`));
  return {
    ...(family && { family }),
    ...(known && { visionHeads: timmHeads[known]! }),
    ...(family === "openai" && { visionActivation: activation, textActivation: activation }),
    ...read,
    ...(isForeign && { warnings: [...(read.warnings ?? []), doubt] }),
  };
}

const hintsOf = ({ followed, claims, warnings }: Entries): ConfigHints => ({ ...followed, claims, warnings });

/** Entries of a `preprocessor_config.json` that become one hint together. */
interface Preprocessing {
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly rescales?: boolean;
  readonly factor?: number;
  readonly normalises?: boolean;
  readonly crops?: boolean;
  readonly square?: boolean;
  readonly size?: number | Readonly<Record<string, number>>;
}

/**
 * Reads the hints of CLIP's `preprocessor_config.json`. Rescaling and normalising become one mean and deviation of pixels in [0, 1]:
 *
 *   (f p - m) / s = (p / 255 - m / 255 f) / (s / 255 f),   f = 1 / 255 unless the file says otherwise
 *
 * @throws ConfigError when an entry makes no sense
 */
export function readPreprocessor(json: unknown): ConfigHints {
  const { followed, claims, warnings } = readEntries(json, preprocessorTable);
  const { mean, std, rescales = true, factor = 1 / 255, normalises = true, crops = true, square = false, size } = followed as Preprocessing;
  const scale = rescales ? factor * 255 : 255;
  // The factor is written with few digits: one near 1 / 255 is meant to be that.
  const isUsual = Math.abs(scale - 1) < 1e-5;
  if (!isUsual && normalises && !(mean && std)) {
    throw new ConfigError('pixels are not rescaled by 1 / 255, so "image_mean" and "image_std" must be given.');
  }
  const ofUnit = (values: readonly number[]) => (isUsual ? values : values.map((value) => value / scale));
  const [subtracted, divided] = normalises
    ? [mean, std]
    : [
        [0, 0, 0],
        [1, 1, 1],
      ];
  const [edge] = typeof size === "number" ? [size] : Object.values(size ?? {});
  const crop = claims.find(({ path }) => path === "crop_size")?.value;
  const isCut = edge !== undefined && crops && crop !== undefined && crop !== edge;
  return {
    ...(subtracted && { mean: ofUnit(subtracted) }),
    ...(divided && { std: ofUnit(divided) }),
    fit: fitOf(size, crops, square),
    claims: edge === undefined || isCut ? claims : [...claims, { path: "size", as: "vision.imageSize", value: edge }],
    warnings: isCut
      ? [
          ...warnings,
          `images should be resized to ${edge} pixels and cropped to ${crop}; this program resizes them to ${crop}, so results differ.`,
        ]
      : warnings,
  };
}

/** A resize to a height and a width leaves nothing to crop. */
function fitOf(size: Preprocessing["size"], crops: boolean, square: boolean): Fit {
  const keys = Object.keys(typeof size === "object" ? size : {});
  if (keys.includes("longest_edge")) return "pad";
  return keys.includes("height") || !crops || (typeof size === "number" && square) ? "squash" : "crop";
}

/**
 * The hints of a configuration with those of the preprocessor file beside it. The configuration takes precedence; contradictions
 * give warnings.
 */
export function mergeHints(config: ConfigHints, preprocessor: ConfigHints): ConfigHints {
  const contradicted = (["mean", "std", "fit"] as const).filter(
    (key) => config[key] !== undefined && JSON.stringify(config[key]) !== JSON.stringify(preprocessor[key] ?? config[key]),
  );
  const contradictions = contradicted.map((key) => {
    const [other, own] = [preprocessor[key], config[key]].map((value) => JSON.stringify(value));
    return `the preprocessor file has another ${key} (${other}) than the configuration (${own}); the configuration is used.`;
  });
  return {
    ...preprocessor,
    ...config,
    claims: [...(config.claims ?? []), ...(preprocessor.claims ?? [])],
    warnings: [...(config.warnings ?? []), ...(preprocessor.warnings ?? []), ...contradictions],
  };
}
