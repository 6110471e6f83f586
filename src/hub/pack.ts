import { join, resolve } from "node:path";
import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { readJsonIfPresent } from "../files/read-json.ts";
import { packageFolder } from "../package-folder.ts";

/** `pack.json` */
const PackFile = z.strictObject({
  name: z.string(),
  notice: z.string(),
  label: z.string().optional(),
  clip: z.string(),
  sam: z.string(),
  /** File of `calibrate`, relative to it: where it says that a target is absent, the mask is empty. */
  calibration: z.string().optional(),
  defaults: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
/** What `pack.json` holds; `clip` and `sam` are relative to it. */
export type PackFile = z.infer<typeof PackFile>;

/** A CLIP and a SAM model that belong together. */
export interface Pack {
  readonly name: string;
  readonly folder: string;
  /** Its `pack.json`. */
  readonly file: string;
  /** Notice that every result carries. */
  readonly notice: string;
  /** A short form in two or three words, drawn into pictures. */
  readonly label?: string | undefined;
  /** Folder or file of each model. */
  readonly clip: string;
  readonly sam: string;
  /** File of its calibration of what is not present. */
  readonly calibration?: string | undefined;
  /** Settings that suit the models, by the names of the library, instead of the usual defaults. */
  readonly defaults: Readonly<Record<string, string | number | boolean>>;
}

/** The packs that come with this package. */
export const embeddedPacks = ["starter", "phantom"] as const;

/** The default pack, when no model is named. */
export const defaultPack = embeddedPacks[0];

/**
 * Finds a pack.
 *
 * @param pack - the name of one that comes with this package, or a folder with a `pack.json`
 * @throws WeightsError when there is none, or its `pack.json` is damaged
 */
export async function locatePack(pack: string): Promise<Pack> {
  const found = (await embeddedPack(pack)) ?? (await packIn(resolve(pack)));
  if (found) return found;
  throw new WeightsError(`No pack named "${pack}", and no folder with a pack.json. Available: ${embeddedPacks.join(", ")}.`);
}

/** A pack that comes with this package; undefined where there is none of that name. */
export async function embeddedPack(name: string): Promise<Pack | undefined> {
  if (!/^[a-z0-9-]+$/.test(name)) return undefined;
  const root = await packageFolder();
  return root === undefined ? undefined : await packIn(join(root, "packs", name));
}

/** The pack in a folder; undefined where there is no `pack.json`. @throws WeightsError when it is damaged */
export async function packIn(folder: string): Promise<Pack | undefined> {
  const file = join(folder, "pack.json");
  const content = await readJsonIfPresent(file, WeightsError);
  if (content === undefined) return undefined;
  const { data, error } = PackFile.safeParse(content);
  if (error) throw new WeightsError(`"${file}" does not describe a pack: ${z.prettifyError(error)}`);
  const calibration = data.calibration === undefined ? {} : { calibration: join(folder, data.calibration) };
  return { ...data, folder, file, clip: join(folder, data.clip), sam: join(folder, data.sam), ...calibration };
}

/** Writes the `pack.json` of a folder that holds the models. */
export async function writePackFile(folder: string, content: PackFile): Promise<void> {
  await writeAtomic(join(folder, "pack.json"), `${JSON.stringify(PackFile.parse(content), null, 2)}\n`);
}
