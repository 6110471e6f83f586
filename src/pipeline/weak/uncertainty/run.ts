import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { areaPx } from "../../../image/index.ts";
import { type CaseImage, imageEndings, labelEndingOf, labelsOf, listCases, readCaseImage, writePrediction } from "../../../nnunet/index.ts";
import { writeNpy } from "../../../results/npy.ts";
import { writeGray16 } from "../../../results/png.ts";
import type { RunEvent } from "../../../run/events.ts";
import { type Outcome, runItems } from "../../../run/items.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { type EntropyMap, entropyLevels, foregroundMask, imageScores, uncertaintyModes } from "../../../uncertainty/index.ts";
import { fileRecord, sessionOptions } from "../../models/models-of-run.ts";
import { windowSettings } from "../predict/window-settings.ts";
import { type EnsembledImage, ensembleImages } from "./ensembles.ts";
import { membersOf } from "./members.ts";
import { failureLines, readScores, type ScoredCase, scoresText, truthOf } from "./scores.ts";
import { WeakUncertaintySettings } from "./settings.ts";

/** Images whose ensembles are computed together: each network is opened once for all of them. */
const together = 32;

/**
 * `medclip-sam weak uncertainty`: label maps of an ensemble, and where and how far its members disagree.
 *
 *   OUT/NAME.png                      label values of the mean; NAME.nii.gz of NIfTI slices
 *   OUT/entropy/NAME.png, NAME.npy    entropy of the mean: 16 bits, where 65535 is the most that the classes allow; float32 in bits
 *   OUT/mutual-information/NAME.npy   what the members disagree on, float32 in bits
 *   OUT/scores/NAME.json, scores.csv  the scores of each image, worst first, with DSC where true labels are given
 *
 * @throws ConfigError when there are no members, or OUT holds results of other settings
 */
export async function* runWeakUncertainty(settings: WeakUncertaintySettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, images, mode, step, meanOf, overwrite } = settings;
  const threshold = settings.threshold ?? uncertaintyModes[mode].threshold;
  const { session, device, warnings } = await sessionOptions(settings);
  for (const message of warnings) yield { type: "warning", message };
  const found = await membersOf(settings);
  const { model, members } = found;
  yield { type: "note", message: `${members.length} members: ${members.map(({ name }) => name).join(", ")}` };
  const ending = labelEndingOf(model.dataset.file_ending);
  const endings = imageEndings(model.dataset.file_ending);
  const cases = await listCases(images, { endings, allowsBare: true });
  const windows = windowSettings(model, { step, mirror: true, mode }, signal);
  const items = cases.map(({ name, images: files }) => ({
    ...{ name, file: files[0]!, files, inputs: files },
    outputs: [
      `scores/${name}.json`,
      `${name}${ending}`,
      `entropy/${name}.png`,
      `entropy/${name}.npy`,
      `mutual-information/${name}.npy`,
    ].map((file) => join(out, file)),
  }));
  const ready = new Map<string, EnsembledImage & { readonly image: CaseImage }>();
  /** The ensemble of an image; those of the next ones are made with it. */
  const ensembleOf = async (name: string) => {
    const kept = ready.get(name);
    if (kept) return kept;
    const from = items.findIndex((item) => item.name === name);
    const own = await readCaseImage({ name, images: items[from]!.files }, model.dataset);
    const others: CaseImage[] = [];
    for (const item of items.slice(from + 1, from + together)) {
      const image = await readCaseImage({ name: item.name, images: item.files }, model.dataset).catch(() => undefined); // reported at its turn
      if (image) others.push(image);
    }
    const batch = [own, ...others];
    ready.clear();
    for (const [i, one] of (await ensembleImages(batch, found, { meanOf, threshold, windows, session })).entries())
      ready.set(batch[i]!.name, { ...one, image: batch[i]! });
    return ready.get(name)!;
  };
  const process = async ({ name, files }: (typeof items)[number]): Promise<Outcome> => {
    const { result, properties, image } = await ensembleOf(name);
    ready.delete(name);
    const mask = foregroundMask(result.mean, { threshold });
    const labels = labelsOf(result.mean, model.labels, { threshold });
    const { width, height } = image;
    await writeMap(join(out, "entropy"), name, result.entropy, true);
    await writeMap(join(out, "mutual-information"), name, result.mutualInformation, false);
    await writePrediction(out, name, { labels, properties, geometry: image.geometry }, ending);
    const scored: ScoredCase = {
      name,
      areaPx: areaPx(mask),
      scores: imageScores(result, mask),
      truth: await truthOf(settings.labels, { name, endings }, mask),
    };
    await writeAtomic(scoresFile(out, name), `${JSON.stringify(scored)}\n`);
    return {
      record: { file: files[0]!, width, height, areaPx: areaPx(mask), scores: [] },
      warnings: image.warnings,
      summary: `${areaPx(mask)} px`,
    };
  };
  const weights = Object.fromEntries(await Promise.all(members.map(async ({ name, file }) => [name, await fileRecord(file)])));
  const header = {
    ...{ command: "weak uncertainty", ...recordedSettings(WeakUncertaintySettings, { ...settings }) },
    ...{ device, threads: settings.threads ?? null, weights },
  };
  for await (const event of runItems(items, process, { out, header, overwrite, signal })) {
    if (event.type !== "end") {
      yield event;
      continue;
    }
    const files = items.map(({ name }) => scoresFile(out, name)).filter(existsSync);
    const scored = await Promise.all(files.map(readScores));
    await writeAtomic(join(out, "scores.csv"), scoresText(scored));
    yield { ...event, lines: [...failureLines(scored), `scores, most uncertain image first: ${join(out, "scores.csv")}`] };
  }
}

const scoresFile = (out: string, name: string): string => join(out, "scores", `${name}.json`);

async function writeMap(folder: string, name: string, map: EntropyMap, withPicture: boolean): Promise<void> {
  const { width, height, data } = map;
  await writeNpy(join(folder, `${name}.npy`), { dtype: "float32", shape: [height, width], data: data as Float32Array<ArrayBuffer> });
  if (withPicture) await writeGray16(join(folder, `${name}.png`), { width, height, data: entropyLevels(map) });
}
