import { locateModel, requireModels } from "../../hub/locate.ts";
import { originOf, originOfPack } from "../../hub/origin.ts";
import { locatePack } from "../../hub/pack.ts";
import { type Notice, noticesOf, type ReadBy } from "../../models/origin.ts";
import type { RunHeader } from "../../run/record/record.ts";

/** The models of a run, as in the settings, with those that decide which of their parts it reads. */
export type ModelsOfRun = { readonly [model in "pack" | "clip" | "sam"]?: string | undefined } & ReadBy;

/** The notices of a run whose results are read. */
export type EarlierRun = Pick<RunHeader, "notices" | "label">;

/** The notices about models and those of an earlier run, as fields of a record: each once, and absent if there are none. */
export function joinedNotices(own: readonly Notice[], earlier: EarlierRun = {}): EarlierRun {
  const notices = new Set([...own.map(({ text }) => text), ...(earlier.notices ?? [])]);
  const labels = new Set([...own.flatMap(({ label }) => label ?? []), ...(earlier.label?.split(labelSeparator) ?? [])]);
  return { ...(notices.size > 0 && { notices: [...notices] }), ...(labels.size > 0 && { label: [...labels].join(labelSeparator) }) };
}

const labelSeparator = ", ";

/**
 * What results must say about the models of a run.
 *
 * @param options - `isTraining`: random weights, from which a training starts, need no notice
 */
export async function modelNotices(
  { pack: named, saliencyMethod, maskPrompt, ...models }: ModelsOfRun,
  { isTraining = false }: { readonly isTraining?: boolean } = {},
): Promise<Notice[]> {
  const pack = named === undefined ? undefined : await locatePack(named);
  await requireModels(models);
  const notices: Notice[] = [];
  for (const [kind, title] of [["clip", "CLIP"] as const, ["sam", "SAM"] as const]) {
    const model = models[kind];
    if (model === undefined) continue;
    const { weights, untrained, ...others } = {
      ...(await originOf(await locateModel(model, kind))),
      ...(pack && model === pack[kind] && (await originOfPack(pack))),
    };
    const random = { ...(weights && { weights }), ...(untrained && { untrained }) };
    notices.push(...noticesOf({ ...others, ...(!isTraining && random) }, title, { saliencyMethod, maskPrompt }));
  }
  return notices;
}
