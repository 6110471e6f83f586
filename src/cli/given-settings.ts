import { stat } from "node:fs/promises";
import { ConfigError } from "../errors.ts";
import { kebab } from "../kebab.ts";
import { packMessages, packSettings } from "../pipeline/models/pack-settings.ts";
import { type Mode, modePresets } from "../pipeline/settings.ts";
import { presetValues } from "../pipeline/zero-shot/settings/presets.ts";
import { effectiveSettings, withoutEffect } from "../run/settings/effect.ts";
import { settingsOfSchema, settingsThat } from "../run/settings/meta.ts";
import { isPattern } from "../scans/pattern.ts";
import { readConfig, type SettingsSchema, settingsFrom } from "./flags.ts";

/** The command line: flags by the name of their setting, the settings file, and the positional arguments. */
interface Typed {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly configFile?: string | undefined;
  readonly positionals?: readonly { readonly key: string; readonly label: string }[] | undefined;
}

/**
 * The settings of a command. Precedence: flags, settings file, preset, pack, defaults.
 *
 * @returns validated settings, warnings about given settings without effect, and notes about settings from elsewhere
 * @throws ConfigError when a setting is invalid, or a file that it names does not exist
 */
export async function settingsOf(
  schema: SettingsSchema<Readonly<Record<string, unknown>>>,
  { flags, configFile, positionals }: Typed,
): Promise<{ settings: Readonly<Record<string, unknown>>; warnings: string[]; notes: readonly string[] }> {
  requireCurrentFolder();
  const config = configFile === undefined ? undefined : await readConfig(configFile, schema);
  const typed = { ...config?.values, ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) };
  const ofPreset = presetValues(typed.preset, Object.keys(settingsOfSchema(schema)));
  const ofPack = await packSettings(schema, { ...ofPreset, ...typed });
  const settings = settingsFrom(schema, { flags, config, positionals, base: { ...ofPack.values, ...ofPreset } });
  await checkPaths(
    settings,
    settingsThat(schema, ({ mustExist }) => mustExist === true),
    positionals,
  );
  // If not given, the mode decides. A model of the pack does not count as given.
  const models = Object.fromEntries(["clip", "sam"].map((name) => [name, typed[name]]));
  const chosen = { ...modePresets[settings.mode as Mode], ...settings, ...models };
  const { warnings, notes } = packMessages(ofPack, effectiveSettings(schema, chosen));
  const labels = Object.fromEntries((positionals ?? []).map(({ key, label }) => [key, label]));
  return { settings, warnings: [...warnings, ...withoutEffect(schema, chosen, Object.keys(typed), labels)], notes };
}

/** In a deleted folder relative paths cannot be resolved and no process can be started. */
function requireCurrentFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new ConfigError("the current folder no longer exists; change to another one", { cause });
  }
}

/** @throws ConfigError when a path on the command line does not exist: that is a usage error, not a bad image */
async function checkPaths(
  settings: Readonly<Record<string, unknown>>,
  names: readonly string[],
  positionals: Typed["positionals"] = [],
): Promise<void> {
  for (const name of names) {
    const paths = [settings[name]].flat().filter((value) => typeof value === "string");
    for (const path of paths) {
      if (name === "inputs" && isPattern(path)) continue; // expanded where folders are walked
      await stat(path).catch((cause: NodeJS.ErrnoException) => {
        // Other errors are reported when the file is opened.
        if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") return;
        throw new ConfigError(`${positionals.some(({ key }) => key === name) ? "" : `--${kebab(name)}: `}"${path}" does not exist`, {
          cause,
        });
      });
    }
  }
}
