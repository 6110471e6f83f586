/** Where the weights of a model come from, as far as its results must tell. */
export interface ModelOrigin {
  /** The pack from which the model comes or descends, as `--pack` takes it. */
  readonly pack?: string;
  /** Notice that every result carries. */
  readonly notice?: string;
  /** A short form in two or three words, drawn into pictures. */
  readonly label?: string;
  /** How weights that were never trained were made: "random, seed 1". */
  readonly weights?: string;
  /** Of a trained model, the parts that no training has changed since they were made at random, separated by commas: names of `modelParts`. */
  readonly untrained?: string;
}

/** Settings of a run that decide whether it reads a part of a model. */
export interface ReadBy {
  readonly saliencyMethod?: unknown;
  readonly maskPrompt?: unknown;
}

/** A part of a model that a training can leave as it was. */
interface ModelPart {
  readonly kind: "CLIP" | "SAM";
  /** Official names of its tensors. */
  readonly tensors: RegExp;
  /** What an untrained one is worth, to follow "so". */
  readonly worth: string;
  /** Whether a run reads it; by default each does. */
  readonly isRead?: (settings: ReadBy) => boolean;
}

const worthLittle = "do not rely on its results";

/** By their names in metadata and in sentences. SAM's decoder is always trained, and its point and box embeddings serve as they are made. */
const modelParts: Readonly<Record<string, ModelPart>> = {
  "image tower": { kind: "CLIP", tensors: /^visual\.(?!dense\.)/, worth: worthLittle },
  "text tower": { kind: "CLIP", tensors: /^text\./, worth: worthLittle },
  "convolutional branch": {
    ...{ kind: "CLIP", tensors: /^visual\.dense\./, worth: "maps of --saliency-method dense-text mean nothing" },
    isRead: ({ saliencyMethod }) => saliencyMethod === "dense-text",
  },
  "image encoder": { kind: "SAM", tensors: /^image_encoder\./, worth: worthLittle },
  "network for mask prompts": {
    ...{ kind: "SAM", tensors: /^prompt_encoder\.mask_downscaling\./, worth: "--mask-prompt makes its masks worse" },
    isRead: ({ maskPrompt }) => maskPrompt === true,
  },
};

const partsIn = (untrained: string | undefined): string[] =>
  (untrained?.split(", ") ?? []).filter((part) => Object.hasOwn(modelParts, part));

/** What a file's metadata says, made fit to be printed; see `metadataOf`. */
export function originIn(metadata: Readonly<Record<string, string>>): ModelOrigin {
  const { pack, notice, label, weights, untrained } = metadata;
  const parts = partsIn(untrained);
  return {
    ...(pack && /^[a-z0-9-]{1,64}$/.test(pack) && { pack }),
    ...(notice && { notice: oneLine(notice, 500) }),
    ...(label && { label: oneLine(label, 60) }),
    ...(isRandom(weights) && { weights: oneLine(weights!, 60) }),
    ...(parts.length > 0 && { untrained: parts.join(", ") }),
  };
}

const descended = "fine-tuned from a model with this notice: ";

/** A training of a model. */
export interface TrainingOfModel {
  readonly steps: number;
  /** Official names of the tensors that it has changed, and of all. */
  readonly trained: readonly string[];
  readonly all: readonly string[];
}

/** The metadata that carries an origin over to a trained model: after a step, only parts that were left as they were are still random. */
export function metadataOf(origin: ModelOrigin, { steps, trained, all }: TrainingOfModel): Record<string, string> {
  if (steps === 0) return { ...origin };
  const { weights, untrained, notice, ...others } = origin;
  const before = weights === undefined ? partsIn(untrained) : Object.keys(modelParts);
  const has = (names: readonly string[], part: string) => names.some((name) => modelParts[part]!.tensors.test(name));
  const left = before.filter((part) => has(all, part) && !has(trained, part));
  return {
    ...others,
    ...(notice && { notice: notice.startsWith(descended) ? notice : `${descended}${notice}` }),
    ...(left.length > 0 && { untrained: left.join(", ") }),
  };
}

/** Whether the entry `weights` of a file's metadata tells of random weights. */
export const isRandom = (weights: string | undefined): boolean => weights?.startsWith("random, ") ?? false;

/** A notice that results carry, and its short form. */
export interface Notice {
  readonly text: string;
  readonly label?: string | undefined;
}

/** The notices about a model, for a run with some settings: about the parts that it reads. */
export function noticesOf({ notice, label, weights, untrained }: ModelOrigin, kind: "CLIP" | "SAM", settings: ReadBy): Notice[] {
  const parts = partsIn(untrained).filter((part) => modelParts[part]!.kind === kind && (modelParts[part]!.isRead?.(settings) ?? true));
  const made = weights?.replace(/^random, /, "");
  const random = `random weights: the ${kind} model was made by "models init" (${made}) and never trained, so its results mean nothing.`;
  return [
    ...(notice === undefined ? [] : [{ text: notice, label }]),
    ...(weights === undefined ? [] : [{ text: random, label: "random weights" }]),
    ...parts.map((part) => ({
      text: `random weights: the ${part} of the ${kind} model was made by "models init" and never trained, so ${modelParts[part]!.worth}.`,
      label: "random weights",
    })),
  ];
}

const oneLine = (text: string, most: number): string =>
  text
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, most);
