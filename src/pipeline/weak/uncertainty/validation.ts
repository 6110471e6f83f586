import { join } from "node:path";
import { ConfigError, InputError } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { readJson } from "../../../files/read-json.ts";
import { areaPx } from "../../../image/index.ts";
import { type CaseFiles, listCases, type ModelFolder } from "../../../nnunet/index.ts";
import { readNpz, writeNpz } from "../../../results/npz.ts";
import type { RunEvent } from "../../../run/events.ts";
import { hashInput } from "../../../run/input-files.ts";
import { type ItemOptions, type Outcome, runItems } from "../../../run/items.ts";
import { foregroundMask } from "../../../uncertainty/index.ts";
import type { ValidationImage } from "./calibration.ts";
import { type EnsembleItem, type EnsemblesOf, ensembleQueue } from "./ensembles.ts";
import type { WeakUncertaintySettings } from "./settings.ts";
import { judgedRow, readTruth, scoresByTruth, truthFile, truthFiles } from "./truth.ts";

/** What the validation images are judged with. */
export interface ValidationOptions extends ItemOptions {
  readonly model: ModelFolder;
  readonly ensembles: EnsemblesOf;
  readonly threshold: number;
  readonly endings: readonly string[];
}

/** Validation images, and the number of those that cannot be used. */
export interface Validation {
  readonly images: readonly ValidationImage[];
  readonly failed: number;
}

/** @throws ConfigError when one of the two folders is missing */
export function validationFolders({ validationImages: images, validationLabels: labels }: WeakUncertaintySettings) {
  if (images === undefined && labels === undefined) return undefined;
  if (images !== undefined && labels !== undefined) return { images, labels };
  const [given, missing] = images === undefined ? ["labels", "images"] : ["images", "labels"];
  throw new ConfigError(`weak uncertainty: --validation-${given} needs --validation-${missing}, too.`);
}

type Folders = NonNullable<ReturnType<typeof validationFolders>>;

/** Names of images that are among the validation images, too, by the content of their files. */
export async function sharedImages(cases: readonly CaseFiles[], { images }: Folders, endings: readonly string[]): Promise<string[]> {
  const known = new Set<string>();
  const hashOf = async ({ images: [first] }: CaseFiles) => (await hashInput(first!).catch(() => undefined))?.sha256; // unreadable ones are reported at their turn
  for (const one of await listCases(images, { endings, allowsBare: true })) known.add((await hashOf(one)) ?? "");
  const shared: string[] = [];
  for (const one of cases) if (known.has((await hashOf(one)) ?? "unreadable")) shared.push(one.name);
  return shared;
}

/**
 * Runs the ensemble on validation images with true labels. What is fitted on them later is kept in `OUT/validation/`: NAME.npz with the judged
 * pixels, NAME.json with the scores. Images that an earlier run has finished are kept, and those that cannot be used are reported.
 */
export async function* validate(
  folders: Folders,
  { model, ensembles, threshold, endings, ...options }: ValidationOptions,
): AsyncGenerator<RunEvent, Validation> {
  const folder = join(options.out, "validation");
  const cases = await listCases(folders.images, { endings, allowsBare: true });
  const file = (name: string, ending: string) => join(folder, name + ending);
  const { warning } = await truthFiles("--validation-labels", folders.labels, cases, endings);
  if (warning !== undefined) yield { type: "warning", message: warning };
  const items = cases.map(({ name, images: files }): EnsembleItem => {
    const label = truthFile(folders.labels, name, endings) ?? join(folders.labels, name + endings[0]);
    return { name, file: files[0]!, files, inputs: [...files, label], outputs: [file(name, ".npz"), file(name, ".json")] };
  });
  const queue = ensembleQueue(items, ensembles);
  const process = async (item: EnsembleItem, tell: (message: string) => void): Promise<Outcome> => {
    const { name, files, inputs } = item;
    const { result, image } = await queue.of(item, tell);
    const { width, height } = image;
    const truth = await readTruth(inputs.at(-1)!, image, model.labels);
    const mask = foregroundMask(result.mean, { threshold });
    const { probabilities, truth: labels } = judgedRow(result.mean, truth, model.labels);
    const { count, width: pixels } = probabilities;
    await writeNpz(file(name, ".npz"), {
      probabilities: { dtype: "float32", shape: [count, pixels], data: probabilities.data as Float32Array<ArrayBuffer> },
      labels: { dtype: "int16", shape: [pixels], data: labels.data as Int16Array<ArrayBuffer> },
    });
    const { dsc } = scoresByTruth(name, mask, truth, model.labels);
    await writeAtomic(file(name, ".json"), `${JSON.stringify({ pairwiseDice: result.pairwiseDice, dsc })}\n`);
    return { record: { file: files[0]!, width, height, areaPx: areaPx(mask) }, warnings: image.warnings, summary: `DSC ${dsc.toFixed(3)}` };
  };
  let done = 0;
  const failed = new Set<string>();
  for await (const event of runItems(items, process, { ...options, out: folder, begin: async (todo) => queue.expect(todo) })) {
    if (event.type === "item") {
      yield { type: "stage", message: `validation image ${++done} of ${items.length}: ${event.name}` };
      for (const message of event.warnings) yield { type: "warning", name: event.name, message };
    } else if (event.type === "failure") {
      failed.add(event.name);
      yield { ...event, name: `validation: ${event.name}` };
    } else if (event.type === "start") done = event.done;
    else if (event.type !== "end") yield event;
  }
  const usable = items.filter(({ name }) => !failed.has(name));
  const found = await Promise.all(usable.map(async ({ name }) => await readValidation(file(name, ".npz"), file(name, ".json"))));
  return { images: found, failed: failed.size };
}

async function readValidation(arrays: string, scores: string): Promise<ValidationImage> {
  const { pairwiseDice, dsc } = (await readJson(scores, InputError)) as Pick<ValidationImage, "pairwiseDice" | "dsc">;
  const found = await readNpz(arrays);
  const [probabilities, labels] = [found.get("probabilities")!, found.get("labels")!];
  const [count, width] = probabilities.shape as [number, number];
  const shape = { width, height: 1 };
  return {
    row: {
      probabilities: { kind: "probabilities", areExclusive: true, count, ...shape, data: probabilities.data as Float32Array },
      truth: { kind: "labels", ...shape, data: labels.data as Int16Array },
    },
    ...{ pairwiseDice, dsc },
  };
}
