import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { ConfigError } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { listed } from "../../../listed.ts";
import { hashInput, stampOf } from "../../../run/input-files.ts";
import { readRuns } from "../../../run/record/record.ts";
import { differenceOf, otherResults } from "../../../run/record/resume.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import { listImages } from "../../../scans/list-images.ts";
import { countOf } from "../../../scans/names.ts";
import { version } from "../../../version.ts";
import { flatImages } from "../pseudo-label/names.ts";
import { foldersOf } from "./folders.ts";
import { WeakRunSettings } from "./settings.ts";

const settingsFile = (out: string): string => join(out, "settings.yaml");

/** The command that repeats a run from its settings file. */
export const repeatCommand = (out: string): string =>
  `npx medclip-sam@${version} weak run --config ${settingsFile(out)} --out ANOTHER_FOLDER`;

/** @throws ConfigError when the folder holds a run with other settings, before any stage changes something */
export async function refuseOtherSettings(settings: WeakRunSettings): Promise<void> {
  const file = settingsFile(settings.out);
  if (settings.overwrite || !existsSync(file)) return;
  const before = parse(await readFile(file, "utf8")) as Record<string, unknown>;
  const { neutral } = recordedSettings(WeakRunSettings, settings);
  const difference = differenceOf({ settings: before }, { settings: contentOf(settings), neutral: [...neutral, "out"] });
  if (difference !== undefined) throw otherResults(settings.out, "a run with other settings", difference);
}

/**
 * An image that has changed would get another pseudo-label, and then the training refuse to go on with it.
 *
 * @throws ConfigError that names such images, before any stage changes something
 */
export async function refuseChangedImages({ inputs: paths, out, overwrite }: WeakRunSettings): Promise<void> {
  const { pseudoLabels, training } = foldersOf(out);
  if (overwrite || !existsSync(join(training, "checkpoints"))) return;
  const { images } = await readRuns(pseudoLabels);
  const changed: string[] = [];
  for (const { name, file } of flatImages((await listImages(paths, { out, withMasks: false })).inputs)) {
    const made = images.get(name)?.made["weak pseudo-label"];
    if (!made || (await stampOf(file)) === made.stamps?.[0]) continue;
    const content = await hashInput(file).catch(() => undefined); // one that cannot be read is reported at its turn
    if (content && content.sha256 !== made.inputs[0]) changed.push(file);
  }
  if (changed.length === 0) return;
  throw new ConfigError(
    `weak run: ${countOf(changed.length, "image")} changed since the training in "${out}" began (${listed(changed, 3, (file) => `"${file}"`)}). Choose another --out, or pass --overwrite to begin anew.`,
  );
}

/** Writes all settings of a run, with whole paths, as a file for `--config`. */
export async function writeSettings(settings: WeakRunSettings): Promise<void> {
  await writeAtomic(settingsFile(settings.out), stringify(contentOf(settings)));
}

function contentOf({ overwrite: _, dryRun: __, ...settings }: WeakRunSettings): Record<string, unknown> {
  const whole = (paths: readonly string[]): string[] => paths.map((path) => resolve(path));
  const { testMasks, trainMasks } = settings;
  return {
    ...settings,
    inputs: whole(settings.inputs),
    testImages: whole(settings.testImages),
    ...(testMasks !== undefined && { testMasks: resolve(testMasks) }),
    ...(trainMasks !== undefined && { trainMasks: resolve(trainMasks) }),
  };
}
