import { join } from "node:path";
import { writeAtomic } from "../../files/atomic-write.ts";
import type { Pack } from "../../hub/pack.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import type { ImageSet } from "./images.ts";
import { clipBatch, clipLength, clipTraining, samTraining } from "./recipe.ts";
import type { AdaptSettings } from "./settings.ts";
import { pairsOf, pairsTable, regionsTable } from "./tables.ts";
import type { AdaptWords } from "./words.ts";

/** What an adaptation works on. */
export interface Adaptation {
  readonly settings: AdaptSettings;
  readonly pack: Pack;
  readonly words: AdaptWords;
  readonly images: ImageSet;
  readonly session: SessionOptions;
  readonly signal: AbortSignal | undefined;
}

/** The trainings of an adaptation in a folder. */
export function planOf({ settings, pack, words, images }: Adaptation, work: string) {
  const at = (...parts: string[]) => join(work, ...parts);
  const pairs = pairsOf(images.train, words, settings.clipSteps * clipBatch);
  const length = clipLength(pairs.length, settings.clipSteps);
  const tables = { pairs: at("pairs.csv"), regions: at("regions.csv"), images: images.folder };
  return {
    work,
    pairs,
    clipSteps: length.steps,
    clip: clipTraining(settings, tables, length.epochs, { model: pack.clip, out: at("clip") }),
    sam: samTraining(settings, at("targets.csv"), { model: pack.sam, out: at("sam") }),
  };
}
export type Plan = ReturnType<typeof planOf>;

/** Writes the tables of the CLIP model, and the masks. */
export async function writeTables({ words, images }: Adaptation, { work, pairs }: Plan): Promise<void> {
  for (const { mask, png } of [...images.train, ...images.heldOut]) await writeAtomic(join(work, mask), png);
  await writeAtomic(join(work, "pairs.csv"), pairsTable(pairs));
  await writeAtomic(join(work, "regions.csv"), regionsTable(images.train, words));
}
