import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "csv-parse/sync";
import { lesions } from "../src/phantom/index.ts";
import type { DrawnImage } from "../src/pipeline/phantom/record.ts";
import { targetOf } from "../src/pipeline/phantom/tables.ts";

/** A text prompt for an image, and its ground-truth mask. */
export interface Target {
  readonly image: string;
  readonly mask: string;
  readonly prompt: string;
  /** Targets of the same group are averaged: modality and structure. */
  readonly group: string;
  readonly kind: "structure" | "lesion";
}

/** For each image of a folder of phantoms, the target of `prompts.json`, if the image shows it. */
export async function targetsOfPhantoms(folder: string): Promise<Target[]> {
  const { seed, images } = JSON.parse(await readFile(join(folder, "phantoms.json"), "utf8")) as { seed: number; images: DrawnImage[] };
  const prompts = JSON.parse(await readFile(join(folder, "prompts.json"), "utf8")) as Record<string, string>;
  return images.flatMap((drawn): Target[] => {
    const name = targetOf(drawn, seed);
    const isShown = name === "lungs" ? drawn.structures.left_lung || drawn.structures.right_lung : drawn.structures[name];
    if (!isShown) return [];
    const file = `${drawn.name}.png`;
    return [
      {
        image: join(folder, "images", file),
        mask: join(folder, "masks", file),
        prompt: prompts[file]!,
        group: `${drawn.modality}, ${name}`,
        kind: lesions.includes(name) ? "lesion" : "structure",
      },
    ];
  });
}

/** A table with the columns image, mask, prompt, group and kind; files are relative to it. */
export async function readTargets(file: string): Promise<Target[]> {
  const rows = parse(await readFile(file, "utf8"), { columns: true }) as Target[];
  const within = (name: string) => (isAbsolute(name) ? name : join(dirname(file), name));
  return rows.map((row) => ({ ...row, image: within(row.image), mask: within(row.mask) }));
}
