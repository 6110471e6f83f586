/** The images on which methods are compared: phantoms, and real images with masks of people. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "csv-parse/sync";
import { runPhantom } from "../../src/pipeline/phantom/run.ts";
import { PhantomSettings } from "../../src/pipeline/phantom/settings.ts";
import type { PromptTask } from "../../src/targets/prompt-sets/set-name.ts";
import { measuredSets } from "../starter/sets.ts";
import { type Target, targetsOfPhantoms } from "../targets.ts";

/** An image, what is asked of it, and its ground truth. */
export interface Item {
  readonly image: string;
  readonly mask: string;
  readonly prompt: string;
  /** Components that the target has at most. */
  readonly keep: number;
  /** Class of the image as prompt sets name it, where it is known. */
  readonly ownClass?: string;
}

/** Images of a kind, and the pack that is made for them. */
export interface ItemSet {
  readonly name: string;
  readonly pack: "phantom" | "starter";
  readonly items: readonly Item[];
  /** The task of the prompt sets that fits. */
  readonly task?: PromptTask;
}

/** Kinds of target and images of each kind, whatever `--limit` says: phantoms cost little. */
const phantomKinds = 6;
const phantomsOfKind = 4;

/** Sets of `measuredSets` by the beginning of their name. */
const real: Readonly<Record<string, { readonly task: PromptTask; readonly keep: number }>> = {
  "breast ultrasound, BUS-BRA": { task: "breast-ultrasound", keep: 1 },
  "brain MRI, figshare": { task: "brain-mri", keep: 1 },
  "chest X-ray, adults of other sources": { task: "chest-xray", keep: 2 },
  "chest CT, Konya (one volume)": { task: "chest-ct", keep: 2 },
  "breast ultrasound, BUSI": { task: "breast-ultrasound", keep: 1 },
};

/** All sets. @param work - folder in which the phantoms are drawn */
export async function itemSets(data: string, work: string, limit: number): Promise<ItemSet[]> {
  return [await phantoms(join(work, "phantoms")), ...(await realSets(data, limit))];
}

/** The kinds of target that are asked for most often, with the first images of each. */
async function phantoms(out: string): Promise<ItemSet> {
  for await (const event of runPhantom(PhantomSettings.parse({ out, seed: 11, count: 24 })))
    if (event.type === "failure") throw new Error(`phantom: ${event.message}`);
  const kinds = new Map<string, Target[]>();
  for (const target of await targetsOfPhantoms(out)) kinds.set(target.group, [...(kinds.get(target.group) ?? []), target]);
  const often = [...kinds.values()].sort((one, other) => other.length - one.length);
  const items = often
    .slice(0, phantomKinds)
    .flatMap((targets) => targets.slice(0, phantomsOfKind))
    .map(({ image, mask, prompt, group }): Item => ({ image, mask, prompt, keep: group.endsWith("lungs") ? 2 : 1 }));
  return { name: "phantoms", pack: "phantom", items };
}

async function realSets(data: string, limit: number): Promise<ItemSet[]> {
  const classes = await classesOf(data);
  return (await measuredSets(data)).flatMap(({ name, images, questions: [question] }): ItemSet[] => {
    const own = real[name];
    if (!own || !question) return [];
    const items = spread(images, limit).map(({ file, masks }): Item => {
      const ownClass = classes.get(basename(file));
      const mask = masks.get(question.name)!;
      return { image: file, mask, prompt: question.sentences[0], keep: own.keep, ...(ownClass !== undefined && { ownClass }) };
    });
    return [{ name, pack: "starter", items, task: own.task }];
  });
}

/** The class of images by file name, in the words of the prompt sets. */
async function classesOf(data: string): Promise<Map<string, string>> {
  const files = ["training", "data"].map((folder) => join(data, folder, "index.csv"));
  const rows = await Promise.all(
    files.map(async (file) => parse(await readFile(file), { columns: true, bom: true }) as Record<string, string>[]),
  );
  return new Map(
    rows.flat().flatMap(({ image, label = "" }) => {
      const found = /benign|malignant|glioma|meningioma|pituitary/.exec(label)?.[0] ?? (label === "COVID-19" ? "covid" : undefined);
      return found === undefined ? [] : [[basename(image!), found] as const];
    }),
  );
}

/** So many of a list, evenly spread over it. */
function spread<T>(all: readonly T[], count: number): T[] {
  const taken = Math.min(count, all.length);
  return Array.from({ length: taken }, (_, i) => all[Math.floor((i * all.length) / taken)]!);
}
