import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../errors.ts";
import { defaultPack, embeddedPack, locatePack, type Pack } from "../../hub/pack.ts";
import { kebab } from "../../kebab.ts";
import { metaOf, settingsOfSchema } from "../../run/settings/meta.ts";
import { CoarseSettings } from "../zero-shot/settings/coarse.ts";
import { type LeftDefaults, methodDefaults } from "../zero-shot/settings/method-defaults.ts";
import { RefineSettings } from "../zero-shot/settings/refine.ts";
import { AffinitySettings, SaliencySettings } from "../zero-shot/settings/saliency.ts";
import { resultFolder } from "./result-folder.ts";

/** Settings that a `pack.json` may contain: those of the method, not paths or outputs. */
const MethodSettings = z
  .strictObject({
    ...SaliencySettings.omit({ pack: true, clip: true, clipConfig: true, noise: true }).shape,
    ...AffinitySettings.shape,
    ...CoarseSettings.shape,
    ...RefineSettings.omit({ pack: true, sam: true, cache: true }).shape,
  })
  .partial();

/** The validated settings of a pack. @throws ConfigError for an invalid setting, or one that is not a method setting */
export function defaultsOf({ file, defaults }: Pack): Pack["defaults"] {
  const known = Object.keys(MethodSettings.shape);
  const foreign = Object.keys(defaults).filter((name) => !known.includes(name));
  if (foreign.length > 0)
    throw new ConfigError(
      `"${file}" sets ${foreign.map((name) => `"${name}"`).join(", ")}, but a pack may contain method settings only: ${known.join(", ")}.`,
    );
  const { error } = MethodSettings.safeParse(defaults);
  if (!error) return defaults;
  const problems = error.issues.map(
    ({ path, message }) => `${String(path[0])}: ${message}, got ${JSON.stringify(defaults[String(path[0])])}`,
  );
  throw new ConfigError(`"${file}" has an invalid setting: ${problems.join("; ")}`);
}

/** Default values, and their source. */
export interface PackValues {
  readonly values: Readonly<Record<string, unknown>>;
  /** The pack, if any, and the names of the method settings that it sets. */
  readonly pack?: Pack;
  readonly names: readonly string[];
  /** Those that do not hold, as another method was chosen. */
  readonly left?: readonly LeftDefaults[];
  /** The record that names the pack, if the user did not. */
  readonly record?: string | undefined;
}

/**
 * The settings of a pack: its models, and matching values.
 *
 * The pack is the one given; or the one that made the results that the command reads; or the bundled one if no model is given. Its values
 * hold with its own methods, see `methodDefaults`.
 *
 * @param given - the given settings by name
 * @throws WeightsError when the pack does not exist; ConfigError as `defaultsOf`
 */
export async function packSettings(schema: z.ZodType, given: Readonly<Record<string, unknown>>): Promise<PackValues> {
  const shape = settingsOfSchema(schema);
  const none: PackValues = { values: {}, names: [] };
  if (!("pack" in shape)) return none;
  const { pack: named, clip, sam } = given;
  if (named === undefined && (clip !== undefined || sam !== undefined)) return none;
  const maker = await makerOfResults(schema, given);
  const recorded = named === undefined && typeof maker?.settings.pack === "string" ? maker : undefined;
  const asked = named ?? recorded?.settings.pack;
  const needsModel = "clip" in shape || "sam" in shape;
  const pack = asked !== undefined ? await locatePack(String(asked)) : needsModel ? await embeddedPack(defaultPack) : undefined;
  if (!pack) return none;
  const models = {
    clip: pack.clip,
    sam: pack.sam,
    pack: asked === undefined || asked === pack.name ? pack.name : pack.folder,
    ...(pack.calibration !== undefined && { calibration: pack.calibration }),
  };
  const chosen = { saliencyMethod: given.saliencyMethod ?? maker?.settings.saliencyMethod, coarseMethod: given.coarseMethod };
  const holding = methodDefaults(defaultsOf(pack), chosen);
  const settings = Object.entries(holding.values).filter(([key]) => key in shape);
  const names = settings.map(([key]) => key).filter((key) => given[key] === undefined);
  const values = { ...Object.fromEntries(settings), ...Object.fromEntries(Object.entries(models).filter(([key]) => key in shape)) };
  const isOpen = (key: string) => key in shape && given[key] === undefined;
  const left = holding.left.map((one) => ({ ...one, names: one.names.filter(isOpen) }));
  return { values, pack, names, left: left.filter((one) => one.names.length > 0), record: recorded?.file };
}

/**
 * What a pack has set in a run.
 *
 * @param effective - the settings that have an effect; a model of the pack does not count as given
 * @returns `warnings` where the user has not named the pack, or a given setting is doubtful with it; `notes` otherwise
 */
export function packMessages(
  { values, pack, names, left = [], record }: PackValues,
  effective: Readonly<Record<string, unknown>>,
): { readonly warnings: readonly string[]; readonly notes: readonly string[] } {
  if (!pack) return { warnings: [], notes: [] };
  const flag = (name: string) => flagOf(name, values[name]);
  const isOwnSam = "sam" in values && effective.sam === undefined;
  const doubts =
    isOwnSam && effective.maskPrompt === true && pack.defaults.maskPrompt !== true
      ? [`the pack "${pack.name}" does not set --mask-prompt: its SAM may never have been trained with mask prompts, so check the masks`]
      : [];
  const unused = left.map((one) => leftMessage(pack, one));
  if (record !== undefined) {
    const message = `"${record}" was made with the pack "${pack.name}", so its settings apply here, too: ${names.map(flag).join(", ") || "none"}`;
    return { warnings: [message, ...doubts], notes: unused };
  }
  const flags = names.filter((name) => name in effective).map(flag);
  return { warnings: doubts, notes: [...(flags.length > 0 ? [`settings of the pack "${pack.name}": ${flags.join(" ")}`] : []), ...unused] };
}

function leftMessage({ name, defaults }: Pack, { choice, own, names }: LeftDefaults): string {
  const flags = names.map((left) => flagOf(left, defaults[left])).join(" ");
  return `not taken from the pack "${name}", as they go with its --${kebab(choice)} ${own}: ${flags}`;
}

function flagOf(name: string, value: unknown): string {
  if (typeof value !== "boolean") return `--${kebab(name)} ${value}`;
  return value ? `--${kebab(name)}` : `(no --${kebab(name)})`;
}

/** The run that made the results that a command reads; undefined if it reads none, or they have no record. */
async function makerOfResults(
  schema: z.ZodType,
  given: Readonly<Record<string, unknown>>,
): Promise<{ settings: Readonly<Record<string, unknown>>; file: string } | undefined> {
  for (const [name, setting] of Object.entries(settingsOfSchema(schema))) {
    const { resultsOf } = metaOf(setting);
    const [folder] = [given[name]].flat();
    if (resultsOf === undefined || typeof folder !== "string") continue;
    const { run, maker } = await resultFolder(folder, resultsOf);
    if (maker) return { settings: maker.settings, file: join(run, "run.json") };
  }
  return undefined;
}
