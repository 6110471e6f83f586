import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../errors.ts";
import { defaultPack, embeddedPack, locatePack, type Pack } from "../../hub/pack.ts";
import { kebab } from "../../run/settings/effect.ts";
import { metaOf, settingsOfSchema } from "../../run/settings/meta.ts";
import { CoarseSettings, RefineSettings, SaliencySettings } from "../zero-shot/settings.ts";
import { resultFolder } from "./result-folder.ts";

/** What a `pack.json` may set: how the method works, neither where files lie nor what is written. */
const MethodSettings = z
  .strictObject({
    ...SaliencySettings.omit({ pack: true, clip: true, clipConfig: true, noise: true }).shape,
    ...CoarseSettings.shape,
    ...RefineSettings.omit({ pack: true, sam: true, cache: true }).shape,
  })
  .partial();

/** The settings that a pack brings, checked. @throws ConfigError for one that is not of the method, or cannot be */
export function defaultsOf({ file, defaults }: Pack): Pack["defaults"] {
  const known = Object.keys(MethodSettings.shape);
  const foreign = Object.keys(defaults).filter((name) => !known.includes(name));
  if (foreign.length > 0)
    throw new ConfigError(
      `"${file}" sets ${foreign.map((name) => `"${name}"`).join(", ")}, but a pack may set the method alone: ${known.join(", ")}.`,
    );
  const { error } = MethodSettings.safeParse(defaults);
  if (!error) return defaults;
  const problems = error.issues.map(
    ({ path, message }) => `${String(path[0])}: ${message}, got ${JSON.stringify(defaults[String(path[0])])}`,
  );
  throw new ConfigError(`"${file}" has a setting that cannot be: ${problems.join("; ")}`);
}

/** Values that hold where nobody gives others, and sentences about where they come from. */
export interface PackValues {
  readonly values: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

/**
 * The settings of a pack: its models, and the values that suit them.
 *
 * A pack is named; or it is the one whose results the command reads; or that of this package where nobody names a model.
 *
 * @param given - what was given, by the names of settings
 * @throws WeightsError when the named pack is not there; ConfigError as `defaultsOf`
 */
export async function packSettings(schema: z.ZodType, given: Readonly<Record<string, unknown>>): Promise<PackValues> {
  const shape = settingsOfSchema(schema);
  const none: PackValues = { values: {}, notes: [] };
  if (!("pack" in shape)) return none;
  const { pack: named, clip, sam } = given;
  if (named === undefined && (clip !== undefined || sam !== undefined)) return none;
  const recorded = named === undefined ? await packOfResults(schema, given) : undefined;
  const asked = named ?? recorded?.pack;
  const needsModel = "clip" in shape || "sam" in shape;
  const pack = asked !== undefined ? await locatePack(String(asked)) : needsModel ? await embeddedPack(defaultPack) : undefined;
  if (!pack) return none;
  const models = { clip: pack.clip, sam: pack.sam, pack: asked === undefined || asked === pack.name ? pack.name : pack.folder };
  const settings = Object.entries(defaultsOf(pack)).filter(([key]) => key in shape);
  const values = { ...Object.fromEntries(settings), ...Object.fromEntries(Object.entries(models).filter(([key]) => key in shape)) };
  if (!recorded) return { values, notes: [] };
  const taken = settings.filter(([key]) => given[key] === undefined).map(([key, value]) => `--${kebab(key)} ${value}`);
  const note = `"${recorded.file}" was made with the pack "${pack.name}", so its settings hold here, too: ${taken.join(", ") || "none"}`;
  return { values, notes: [note] };
}

/** The pack behind the results that a command reads; none where no pack is behind them, or nothing tells. */
async function packOfResults(
  schema: z.ZodType,
  given: Readonly<Record<string, unknown>>,
): Promise<{ pack: string; file: string } | undefined> {
  for (const [name, setting] of Object.entries(settingsOfSchema(schema))) {
    const { resultsOf } = metaOf(setting);
    const [folder] = [given[name]].flat();
    if (resultsOf === undefined || typeof folder !== "string") continue;
    const { run, maker } = await resultFolder(folder, resultsOf);
    if (typeof maker?.settings.pack === "string") return { pack: maker.settings.pack, file: join(run, "run.json") };
  }
  return undefined;
}
