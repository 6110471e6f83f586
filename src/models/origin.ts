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
}

/** What a file's metadata says, made fit to be printed; see `metadataOf`. */
export function originIn(metadata: Readonly<Record<string, string>>): ModelOrigin {
  const { pack, notice, label, weights } = metadata;
  return {
    ...(pack && /^[a-z0-9-]{1,64}$/.test(pack) && { pack }),
    ...(notice && { notice: oneLine(notice, 500) }),
    ...(label && { label: oneLine(label, 60) }),
    ...(isRandom(weights) && { weights: oneLine(weights!, 60) }),
  };
}

const descended = "fine-tuned from a model with this notice: ";

/** The metadata that carries an origin over to a model after some training steps: after one, weights are no longer random. */
export function metadataOf(origin: ModelOrigin, steps: number): Record<string, string> {
  if (steps === 0) return { ...origin };
  const { weights: _, notice, ...others } = origin;
  return { ...others, ...(notice && { notice: notice.startsWith(descended) ? notice : `${descended}${notice}` }) };
}

/** Whether the entry `weights` of a file's metadata tells of random weights. */
export const isRandom = (weights: string | undefined): boolean => weights?.startsWith("random, ") ?? false;

/** A notice that results carry, and its short form. */
export interface Notice {
  readonly text: string;
  readonly label?: string | undefined;
}

/** The notices about a model. */
export function noticesOf({ notice, label, weights }: ModelOrigin, kind: "CLIP" | "SAM"): Notice[] {
  const made = weights?.replace(/^random, /, "");
  const random = `random weights: the ${kind} model was made by "models init" (${made}) and never trained, so its results mean nothing.`;
  return [
    ...(notice === undefined ? [] : [{ text: notice, label }]),
    ...(weights === undefined ? [] : [{ text: random, label: "random weights" }]),
  ];
}

const oneLine = (text: string, most: number): string =>
  text
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, most);
