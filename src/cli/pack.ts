import { defaultPack, embeddedPack, locatePack } from "../hub/pack.ts";
import { flagsOf, type Given, type SettingsSchema } from "./flags.ts";

/**
 * The settings of a pack: its models, and the values that suit them. A pack is named, or it is that of this package where nobody names a model.
 *
 * @returns values that hold where neither a flag nor the settings file gives another
 * @throws WeightsError when the named pack is not there
 */
export async function packSettings(schema: SettingsSchema<unknown>, { flags, config }: Given): Promise<Record<string, unknown>> {
  const keys = new Set(flagsOf(schema).map(({ key }) => key));
  if (!keys.has("pack")) return {};
  const given = (key: string): unknown => flags[key] ?? config?.values[key];
  const named = given("pack");
  const isOtherModel = ["clip", "sam"].some((key) => given(key) !== undefined);
  if (named === undefined && isOtherModel) return {};
  const pack = named === undefined ? await embeddedPack(defaultPack) : await locatePack(String(named));
  if (!pack) return {};
  const { name, folder, clip, sam, defaults } = pack;
  const settings = { ...defaults, clip, sam, pack: name === named || named === undefined ? name : folder };
  return Object.fromEntries(Object.entries(settings).filter(([key]) => keys.has(key)));
}
