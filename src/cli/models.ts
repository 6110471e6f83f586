import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { MedclipSamError, WeightsError } from "../errors.ts";
import { checkFiles } from "../hub/check-files.ts";
import { sha256OfFile } from "../hub/hash.ts";
import { type ClipFiles, locateClip, locateSam, locateWeights } from "../hub/locate.ts";
import { embeddedPack, embeddedPacks, locatePack, packIn } from "../hub/pack.ts";
import { publishedModels } from "../hub/registry.ts";
import {
  type ClipConfig,
  type ConfigHints,
  clipConfigOf,
  clipNotes,
  clipTensors,
  familyOf,
  openClipWeights,
} from "../models/clip/index.ts";
import { recognisedVariant, type SamConfig, samConfigOf, samFamily, samTensors } from "../models/sam/index.ts";
import { splitAddress, Weights } from "../models/weights.ts";
import { samVariants } from "../segment/index.ts";
import { openWeights } from "../tensor/open-weights.ts";
import { readTensor, type StoredTensor, toFloat32 } from "../tensor/stored-tensor.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import { vocabularyFit } from "../text/vocabulary-fit.ts";

/** Properties of a model that can be read without running it. */
interface Inspection {
  /** "CLIP" with its family in parentheses, or "SAM" with its variant where it is another one. */
  readonly kind: string;
  readonly file: string;
  /** Notes about the selection of the file's tensors. */
  readonly notes: readonly string[];
  /** The files that hold the weights: one, or an index and its shards. */
  readonly parts: readonly string[];
  /** How the file names its tensors; see `NameScheme`. */
  readonly scheme: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Present if the tensors determine all sizes. */
  readonly clip?: ClipConfig;
  readonly sam?: SamConfig;
  /** The configuration of a CLIP model and the folder of its vocabulary, if present. */
  readonly clipFiles?: ClipFiles;
  /** Reasons why it cannot be used. */
  readonly problems: readonly string[];
}

/** `medclip-sam models list`: the included packs and the published models, and where they are on this machine. */
export async function listModels(): Promise<string[]> {
  const width = Math.max(...Object.keys(publishedModels).map((name) => name.length));
  const rows = Object.entries(publishedModels).map(async ([name, { kind, repository, page, title, parameters, licence }]) => {
    const place = await (kind === "clip" ? locateClip(name) : locateSam(name)).then(
      ({ weights }) => weights,
      () => (page === undefined ? `not on this machine (medclip-sam models pull ${name})` : "to be downloaded by hand"),
    );
    const size = parameters === undefined ? "" : `, ${parameters} parameters`;
    return `${name.padEnd(width)}  ${title}${size}; licence ${licence}; ${repository ?? page}; ${place}`;
  });
  const own = embeddedPacks.map(async (name) => {
    const { label, notice, folder } = await locatePack(name);
    return `${name.padEnd(width)}  ${label ?? notice}: a small CLIP and SAM; comes with this package; ${folder}`;
  });
  return await Promise.all([...own, ...rows]);
}

/**
 * `medclip-sam models show`; of a pack, both models.
 *
 * @throws WeightsError when there is no such model, or its file contains none
 */
export async function showModel(model: string, configFile?: string): Promise<{ lines: string[] }> {
  const shown: string[][] = [];
  for (const one of await modelsOf(model)) shown.push(await linesOf(one, configFile));
  return { lines: shown.flatMap((lines, i) => (i === 0 ? lines : ["", ...lines])) };
}

/** Both models of a pack, by its name or folder; otherwise the model itself. */
async function modelsOf(model: string): Promise<string[]> {
  const path = resolve(model);
  const found = await stat(path).catch(() => undefined);
  const pack = found === undefined ? await embeddedPack(model) : found.isDirectory() ? await packIn(path) : undefined;
  return pack ? [pack.clip, pack.sam] : [model];
}

async function linesOf(model: string, configFile?: string): Promise<string[]> {
  const { kind, file, parts, scheme, tensors, clip, sam, problems, notes } = await inspect(model, configFile);
  const all = [...tensors.values()];
  const dtypes = new Map<string, number>();
  for (const { dtype } of all) dtypes.set(dtype, (dtypes.get(dtype) ?? 0) + 1);
  const parameters = all.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const rows: [string, string][] = [
    ["kind", kind],
    ["file", file],
    ["names", scheme],
    ["tensors", `${tensors.size} (${[...dtypes].map(([dtype, count]) => `${count} ${dtype}`).join(", ")})`],
    ["parameters", parameters.toLocaleString("en")],
    ...(clip ? clipRows(clip) : []),
    ...(sam ? samRows(sam) : []),
    ...(await Promise.all(parts.map(hashRow))),
    ...notes.map((note): [string, string] => ["note", note]),
    ...problems.map((problem): [string, string] => ["problem", problem]),
  ];
  return rows.map(([title, text]) => `${title.padEnd(11)} ${text}`);
}

async function hashRow(part: string, _: number, { length }: readonly string[]): Promise<[string, string]> {
  const hash = await sha256OfFile(part);
  return ["SHA-256", length === 1 ? hash : `${hash} ${basename(part)}`];
}

/**
 * `medclip-sam models verify`: checks everything that can be wrong with the files of a model, or of both models of a pack.
 *
 * @throws WeightsError when there is no such model, or its file contains none
 */
export async function verifyModel(model: string, configFile?: string): Promise<{ lines: string[]; isSound: boolean }> {
  const verified: { lines: string[]; isSound: boolean }[] = [];
  for (const one of await modelsOf(model)) verified.push(await verifyOne(one, configFile));
  return { lines: verified.flatMap(({ lines }) => lines), isSound: verified.every(({ isSound }) => isSound) };
}

async function verifyOne(model: string, configFile?: string): Promise<{ lines: string[]; isSound: boolean }> {
  const file = await locateWeights(model);
  const files = await checkFiles(splitAddress(file).file);
  // What the tensors of a damaged file hold says nothing about the model.
  if (files.problems.length > 0) return { lines: [`"${file}" cannot be used:`, ...files.problems], isSound: false };
  const found = await inspect(model, configFile);
  const problems = [...found.problems, ...(await valueProblems(found.tensors))];
  const notes = [...files.notes, ...found.notes];
  if (found.clip && found.clipFiles) {
    const vocabulary = await vocabularyOf(found.clipFiles, found.clip.text);
    if (vocabulary.problem) problems.push(vocabulary.problem);
    notes.push(...vocabulary.notes);
  }
  const isSound = problems.length === 0;
  const verdict = isSound
    ? `OK: "${found.file}" is a ${found.kind.replace(/ \((.*)\)$/, " model ($1, ")}${found.kind.includes("(") ? "" : " model ("}${found.scheme} names, ${found.tensors.size} tensors${shardsIn(found.parts)})`
    : `"${found.file}" cannot be used:`;
  return { lines: [verdict, ...problems, ...notes.map((note) => `note: ${note}`)], isSound };
}

const shardsIn = ({ length }: readonly string[]): string => (length > 1 ? ` in ${length - 1} shards` : "");

const clipRows = ({ family, vision, text, embed, contextLength }: ClipConfig): [string, string][] => [
  [
    "image",
    `ViT, ${vision.imageSize} px, patch ${vision.patch}, width ${vision.width}, ${vision.depth} blocks, ${vision.heads} heads, ${vision.activation}`,
  ],
  [
    "text",
    `${family === "biomedclip" ? "BERT" : "causal transformer"}, width ${text.width}, ${text.depth} layers, ${text.heads} heads, ${text.vocabulary} words, context ${contextLength}`,
  ],
  ["embedding", String(embed)],
];

const samRows = ({ imageSize, patch, width, depth, heads, globalBlocks, adapterWidth, decoder }: SamConfig): [string, string][] => [
  [
    "image",
    `ViT, ${imageSize} px, patch ${patch}, width ${width}, ${depth} blocks (global: ${globalBlocks.join(", ")}), ${heads} heads${adapterWidth === undefined ? "" : `, adapters of ${adapterWidth}`}`,
  ],
  ["decoder", `${decoder.depth} layers, ${decoder.masks} masks`],
];

/** Finds a model's files and compares its tensors with what its kind needs. */
async function inspect(model: string, configFile?: string): Promise<Inspection> {
  const file = await locateWeights(model);
  const { tensors, files: parts } = await openWeights(splitAddress(file).file);
  const clip = await attempt(() => openClipWeights(file));
  if (clip.value) {
    const files = await attempt(() => locateClip(model, configFile));
    // Shapes do not depend on the number of heads: the tensors can be checked without a configuration.
    const hints: ConfigHints = files.value?.hints ?? { visionHeads: 1, textHeads: 1 };
    const { config, ...found } = await checkedTensors(clip.value, (weights) => clipConfigOf(weights, hints), clipTensors, files);
    const notes = [...found.notes, ...(files.value && config ? clipNotes(config, hints) : [])];
    return {
      ...{ kind: `CLIP (${familyOf(clip.value).names.title})`, file, parts, tensors, ...found, notes },
      ...(files.value && config && { clip: config }),
      ...(files.value && { clipFiles: files.value }),
    };
  }
  const sam = await attempt(() => Weights.open(file, samFamily));
  if (!sam.value) throw new WeightsError(`${clip.problem}\n${sam.problem}`);
  const unused = configFile === undefined ? [] : ["--clip-config has no effect with a SAM model"];
  const files = await attempt(() => locateSam(model));
  const { config, ...found } = await checkedTensors(sam.value, (weights) => samConfigOf(weights, files.value?.hints), samTensors, files);
  const { variant, note } = recognisedVariant(sam.value, files.value?.hints);
  const notes = [...unused, ...(note === undefined ? [] : [note]), ...found.notes];
  const kind = variant === "sam" ? "SAM" : `SAM (${samVariants[variant].title})`;
  return { ...{ kind, file, parts, tensors, ...found, notes }, ...(config && { sam: config }) };
}

/** Compares the tensors of a model with what its configuration needs. */
async function checkedTensors<C extends object>(
  weights: Weights,
  configOf: (weights: Weights) => C,
  shapesOf: (config: C) => Parameters<Weights["check"]>[0],
  files: Attempt<{ readonly hints: Pick<ConfigHints, "warnings"> }>,
) {
  const { value: config, problem } = await attempt(() => configOf(weights));
  const checked = config && (await attempt(() => weights.check(shapesOf(config))));
  return {
    config,
    scheme: weights.scheme.name,
    notes: [...weights.notes, ...(files.value?.hints.warnings ?? [])],
    problems: [files.problem, problem, checked?.problem].filter((problem) => problem !== undefined),
  };
}

/** Tensors with NaN or infinite values, which silently corrupt every result. */
async function valueProblems(tensors: ReadonlyMap<string, StoredTensor>): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, stored] of tensors) {
    if (!/float/.test(stored.dtype)) continue;
    const tensor = await readTensor(stored);
    const values = tensor.dtype === "float64" ? (tensor.data as Float64Array) : toFloat32(tensor);
    let count = 0;
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
    if (count > 0) problems.push(`"${name}" holds ${count} of ${values.length} values that are not finite`);
  }
  return problems;
}

/** Problems and doubts about the vocabulary beside a model. */
async function vocabularyOf(
  { tokenizer: folder, hints }: ClipFiles,
  text: ClipConfig["text"],
): Promise<{ problem?: string; notes: readonly string[] }> {
  const tokenizer = await attempt(() => loadTokenizer(folder));
  if (!tokenizer.value) return { notes: [`text prompts cannot be tokenised: ${tokenizer.problem}`] };
  const { problem, warnings } = vocabularyFit(tokenizer.value, folder, text, hints.textName);
  return { ...(problem && { problem }), notes: [...tokenizer.value.warnings, ...warnings] };
}

type Attempt<T> = { readonly value: T; readonly problem?: undefined } | { readonly value?: undefined; readonly problem: string };

/** A result, or the message of an expected error. */
async function attempt<T>(work: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof MedclipSamError) return { problem: error.message };
    throw error;
  }
}
