import {
  caption,
  Draws,
  distractors,
  lesions,
  type Modality,
  modalities,
  phrasesOf,
  promptFor,
  type StructureFacts,
  type StructureName,
  structureCaption,
  structureNames,
  structuresOf,
  wordsOf,
} from "../../phantom/index.ts";
import { csvText } from "../text-table.ts";
import type { DrawnImage } from "./record.ts";

/** Number of absent phrases per image from structures that the modality never shows, and from prompts for other modalities. */
const foreignPhrases = 6;
const foreignSentences = 3;

/** Number of text prompts per structure of a modality. */
const sentencesEach = 8;

/** Random numbers for the texts of an image. */
const wordsFor = ({ modality, index }: DrawnImage, seed: number, purpose: string) =>
  new Draws(`phantom/${modality}/${index}/${purpose}`, seed);

/** The structures of a modality in this image: with their facts, or absent. */
function shownIn({ modality, structures }: DrawnImage) {
  return structuresOf[modality].map((name) => ({ name, facts: name === "lungs" ? lungFacts(structures) : structures[name] }));
}

const lungFacts = (structures: DrawnImage["structures"]): StructureFacts | undefined =>
  structures.left_lung || structures.right_lung ? {} : undefined;

/** The target of an image: mostly its lesion; sometimes a structure that it lacks. */
export function targetOf(image: DrawnImage, seed: number): StructureName {
  const draws = wordsFor(image, seed, "target");
  const all = shownIn(image);
  const shown = all.filter(({ facts }) => facts !== undefined).map(({ name }) => name);
  const lesion = shown.find((name) => lesions.includes(name));
  if (lesion !== undefined && draws.chance(0.6)) return lesion;
  const absent = all.filter(({ facts }) => facts === undefined).map(({ name }) => name);
  if (shown.length === 0 || (absent.length > 0 && draws.chance(0.1))) return draws.pick(absent);
  return draws.pick(shown);
}

/** The text prompt for the target of an image, in the wording of its kind if it has one. */
export function promptOf(image: DrawnImage, seed: number): string {
  const target = targetOf(image, seed);
  const draws = wordsFor(image, seed, "prompt");
  return promptFor(image.modality, draws.pick(phrasesOf(target, image.structures[target])), draws);
}

/** Ending of the files: of pictures, and of volumes. */
export type Ending = "png" | "nii.gz";

/** Maps file names to text prompts. */
export function promptsJson(images: readonly DrawnImage[], seed: number, ending: Ending): string {
  const prompts = Object.fromEntries(images.map((image) => [`${image.name}.${ending}`, promptOf(image, seed)]));
  return `${JSON.stringify(prompts, null, 1)}\n`;
}

/** filename, Caption: for each image one caption of the scan and two of single structures. */
export function captionsCsv(images: readonly DrawnImage[], seed: number, ending: Ending): string {
  const rows = images.flatMap((image) => {
    const file = `images/${image.name}.${ending}`;
    const name = `phantom/${image.modality}/${image.index}/caption`;
    const structures = new Map(Object.entries(image.structures).map(([structure, facts]) => [structure, { facts }]));
    const draws = wordsFor(image, seed, "structure captions");
    const shown = shownIn(image).filter(({ facts }) => facts !== undefined);
    const short = picked(shown, 2, draws).map((structure) =>
      structureCaption(image.modality, draws.pick(phrasesOf(structure.name, structure.facts)), draws),
    );
    return [caption({ modality: image.modality, structures }, name, seed), ...short].map((text) => [file, text]);
  });
  return csvText([["filename", "Caption"], ...rows]);
}

/**
 * filename, phrase, mask: the structures that an image shows, with their masks, and those that are absent. A phrase holds all wordings of a
 * structure, separated by "|". Kinds of lesion have separate rows, and so have sentences in the form of text prompts, which name the
 * modality. A few structures of other modalities, and of none, are chosen at random as absent.
 */
export function regionsCsv(images: readonly DrawnImage[], seed: number, ending: Ending): string {
  const rows = images.flatMap((image) => {
    const file = `images/${image.name}.${ending}`;
    const own = shownIn(image).flatMap(({ name, facts }) => {
      const { phrases, kinds } = wordsOf(name);
      const mask = facts ? `masks_${name}/${image.name}.${ending}` : "";
      const ofKinds = Object.entries(kinds ?? {}).map(([kind, words]) => [words, facts?.kind === kind ? mask : ""] as const);
      return [[phrases, mask] as const, ...ofKinds, [sentencesFor(image.modality, name), mask] as const];
    });
    const draws = wordsFor(image, seed, "absent");
    const others = modalities.filter((modality) => modality !== image.modality);
    const sentences = others.flatMap((modality) => structuresOf[modality].map((name) => sentencesFor(modality, name)));
    const foreign = [...picked(foreignTo(image), foreignPhrases, draws), ...picked(sentences, foreignSentences, draws)];
    const absent = foreign.map((phrases) => [phrases, ""] as const);
    return [...own, ...absent].map(([phrases, mask]) => [file, phrases.join("|"), mask]);
  });
  return csvText([["filename", "phrase", "mask"], ...rows]);
}

/** Text prompts for a structure of a modality, the same for all images. */
function sentencesFor(modality: Modality, structure: StructureName): readonly string[] {
  const draws = new Draws(`phantom/sentences/${modality}/${structure}`, 0);
  const { phrases } = wordsOf(structure);
  return [...new Set(Array.from({ length: sentencesEach }, (_, i) => promptFor(modality, phrases[i % phrases.length]!, draws)))];
}

/** Wordings of structures that an image of the modality cannot show. */
function foreignTo({ modality }: DrawnImage): readonly (readonly string[])[] {
  const structures = structureNames.filter((name) => !structuresOf[modality].includes(name) && !wordsOf(name).seenIn?.includes(modality));
  return [...structures.map((name) => wordsOf(name).phrases), ...distractors];
}

/** A random sample without replacement. */
function picked<T>(items: readonly T[], count: number, draws: Draws): T[] {
  const order = items.map((item) => ({ item, rank: draws.uniform() })).sort((a, b) => a.rank - b.rank);
  return order.slice(0, count).map(({ item }) => item);
}
