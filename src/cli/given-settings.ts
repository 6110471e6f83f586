import { stat } from "node:fs/promises";
import { ConfigError } from "../errors.ts";
import { packSettings } from "../pipeline/models/pack-settings.ts";
import { type Mode, modePresets } from "../pipeline/settings.ts";
import { kebab, withoutEffect } from "../run/settings/effect.ts";
import { settingsThat } from "../run/settings/meta.ts";
import { isPattern } from "../scans/pattern.ts";
import { readConfig, type SettingsSchema, settingsFrom } from "./flags.ts";

/** What was typed: flags by the name of their setting, the settings file, and what is given without a flag. */
interface Typed {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly configFile?: string | undefined;
  readonly positional?: { readonly key: string; readonly label: string } | undefined;
}

/**
 * The settings of a command: flags win over the settings file, which wins over the pack, which wins over the defaults.
 *
 * @returns checked settings, and sentences about those that were given and change nothing
 * @throws ConfigError when a setting is wrong, or a file that it names is not there
 */
export async function settingsOf(
  schema: SettingsSchema<Readonly<Record<string, unknown>>>,
  { flags, configFile, positional }: Typed,
): Promise<{ settings: Readonly<Record<string, unknown>>; warnings: string[] }> {
  requireCurrentFolder();
  const config = configFile === undefined ? undefined : await readConfig(configFile, schema);
  const typed = { ...config?.values, ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) };
  const { values: base, notes } = await packSettings(schema, typed);
  const settings = settingsFrom(schema, { flags, config, positional, base });
  await checkPaths(
    settings,
    settingsThat(schema, ({ mustExist }) => mustExist === true),
  );
  // Where nobody chose, the mode does.
  const chosen = { ...modePresets[settings.mode as Mode], ...settings };
  return { settings, warnings: [...notes, ...withoutEffect(schema, chosen, Object.keys(typed))] };
}

/** Relative paths mean nothing in a folder that is gone, and no process can be started in it. */
function requireCurrentFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new ConfigError("the current folder does not exist any more; change to another one", { cause });
  }
}

/** @throws ConfigError when a path given on the command line does not exist: that is a mistyped command, not a bad image */
async function checkPaths(settings: Readonly<Record<string, unknown>>, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const paths = [settings[name]].flat().filter((value) => typeof value === "string");
    for (const path of paths) {
      if (name === "inputs" && isPattern(path)) continue; // expanded where folders are walked
      await stat(path).catch((cause: NodeJS.ErrnoException) => {
        // Anything else is told better by whoever opens it.
        if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") return;
        throw new ConfigError(`${name === "inputs" ? "" : `--${kebab(name)}: `}"${path}" does not exist`, { cause });
      });
    }
  }
}
