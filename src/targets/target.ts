import { ConfigError } from "../errors.ts";
import type { Colour } from "../image/types.ts";

/** A structure that a run segments in its images. */
export interface Target {
  /** Identifies its folders, its value in label images and its entry in records; absent for a single unnamed target. */
  readonly name?: string;
  /** Its text prompts; several are an ensemble. Images may have separate text prompts: the targets of a run list all that occur. */
  readonly sentences: readonly string[];
  /** Colour in overlay images. */
  readonly colour: Colour;
}

/** Largest number of targets: label images have 8 bits, and 0 is background. */
const mostTargets = 255;

/** Distinguishable on gray, also with red-green colour blindness; with more targets the colours repeat. */
const colours: readonly [Colour, ...Colour[]] = [
  [0, 238, 255],
  [255, 170, 0],
  [214, 120, 255],
  [120, 255, 90],
  [255, 90, 120],
  [90, 150, 255],
  [255, 240, 90],
  [0, 200, 150],
];

/** The colour of the target with a number, from 0. */
export const colourOf = (index: number): Colour => colours[index % colours.length]!;

/** The unnamed target of a run without named targets. */
export function unnamedTarget(sentences: readonly string[]): Target {
  return { sentences, colour: colours[0] };
}

/**
 * Targets in the given order, each with its own colour.
 *
 * @param where - source of the names, for messages
 * @throws ConfigError when a name cannot be part of a file's name, two differ in upper and lower case alone, or there are more than 255
 */
export function namedTargets(sentencesOf: ReadonlyMap<string, readonly string[]>, where: string): Target[] {
  if (sentencesOf.size > mostTargets)
    throw new ConfigError(`${where}: ${sentencesOf.size} targets, but label images hold at most ${mostTargets}. Make several runs.`);
  const known = new Map<string, string>();
  return [...sentencesOf].map(([name, sentences], i) => {
    checkName(name, where);
    const other = known.get(name.toLowerCase());
    if (other !== undefined)
      throw new ConfigError(`${where}: the targets "${other}" and "${name}" differ in upper and lower case alone. Rename one.`);
    known.set(name.toLowerCase(), name);
    return { name, sentences, colour: colourOf(i) };
  });
}

/** Names become parts of file names, which end in no dot on Windows, and keys of records. */
const safeName = /^(?!__proto__$)[A-Za-z0-9._-]{0,99}[A-Za-z0-9_-]$/;

function checkName(name: string, where: string): void {
  if (safeName.test(name)) return;
  throw new ConfigError(
    `${where}: ${JSON.stringify(name)} cannot name a target: expected at most 100 letters (a to z), digits, - _ and ., without a dot at the end.`,
  );
}

/** What a target is called in results: by its name, else by its prompt. */
export function titleOf({ name, sentences }: Pick<Target, "name" | "sentences">): string {
  return name ?? sentences[0] ?? "target";
}

/** "masks" for a run with one target, "masks_NAME" for a run with several. */
export function folderOf<K extends string>(
  kind: K,
  target: Pick<Target, "name">,
  all: readonly Pick<Target, "name">[],
): K | `${K}_${string}` {
  return all.length > 1 ? `${kind}_${target.name!}` : kind;
}

/** The value of a target in label images. */
export function labelOf(target: Target, all: readonly Target[]): number {
  return 1 + all.findIndex(({ name }) => name === target.name);
}
