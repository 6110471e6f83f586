import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { differenceOf, otherResults } from "../../../run/record/resume.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import { version } from "../../../version.ts";
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
