import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { version } from "../../../version.ts";
import type { WeakRunSettings } from "./settings.ts";

const settingsFile = (out: string): string => join(out, "settings.yaml");

/** The command that repeats a run from its settings file. */
export const repeatCommand = (out: string): string =>
  `npx medclip-sam@${version} weak run --config ${settingsFile(out)} --out ANOTHER_FOLDER`;

/** Writes all settings of a run, with whole paths, as a file for `--config`. */
export async function writeSettings({ overwrite: _, dryRun: __, ...settings }: WeakRunSettings): Promise<void> {
  const whole = (paths: readonly string[]): string[] => paths.map((path) => resolve(path));
  const { testMasks, trainMasks } = settings;
  const content = {
    ...settings,
    inputs: whole(settings.inputs),
    testImages: whole(settings.testImages),
    ...(testMasks !== undefined && { testMasks: resolve(testMasks) }),
    ...(trainMasks !== undefined && { trainMasks: resolve(trainMasks) }),
  };
  await writeAtomic(settingsFile(settings.out), stringify(content));
}
