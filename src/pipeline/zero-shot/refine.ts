import { existsSync } from "node:fs";
import { basename } from "node:path";
import { InputError } from "../../errors.ts";
import { blankWarnings } from "../../image/index.ts";
import { logitsSideOf } from "../../models/sam/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Item, type Outcome, runItems } from "../../run/items.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { leftOutMessage } from "../../scans/left-out.ts";
import { type ImageInput, listImages, sideOf } from "../../scans/list-images.ts";
import { joinByName, lonelyMessage } from "../../scans/names.ts";
import { readGray } from "../../scans/read-gray.ts";
import { readMask } from "../../scans/read-mask.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadSam } from "../models/model.ts";
import { samRecord, sessionOptions } from "../models/models-of-run.ts";
import { resultFolder } from "../models/result-folder.ts";
import { dryRun } from "./dry-run.ts";
import { keptEmbeddings } from "./embedding-cache.ts";
import { header, type RunOptions, refinedRecord, summaryOf } from "./items.ts";
import { memoryPlan } from "./memory-plan.ts";
import { type OutputFolder, outputFile, rawRefined, requireWritableNames, writeRaw, writeRefined } from "./outputs.ts";
import { RefineRunSettings } from "./settings.ts";
import { RefineStep, type StageTimes, timed } from "./steps.ts";

/** The third step over files: images and coarse masks to masks. Pairs are made by name. */
export async function* runRefine(settings: RefineRunSettings, { signal }: RunOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw, mode } = settings;
  const { inputs, ...found } = await findInputs(settings.inputs, out);
  requireWritableNames(inputs, raw);
  const { pictures, run: earlier } = await resultFolder(settings.coarse, "coarse");
  const coarse = await coarseMasks(pictures, inputs);
  const { plan, message } = await memoryPlan(settings.maxMemory, { sam: settings.sam });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions(settings);
  for (const message of [...found.warnings, ...coarse.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening the model" };
  const options = { ...run.session, ...plan.options, precision: settings.samPrecision };
  const promptable = await loadSam(settings.sam, options);
  for (const message of promptable.sam.warnings) yield { type: "warning", message };
  const step = new RefineStep(promptable, settings, keptEmbeddings(settings.cache, promptable));
  if (settings.dryRun) {
    yield* dryRun("refine", inputs, { sam: promptable.sam }, options);
    return;
  }
  yield { type: "stage", message: "checking weights" };
  const about = header("refine", RefineRunSettings, settings, await samRecord(promptable), {
    ...run,
    leftOut: found.leftOut,
    samPrecision: promptable.sam.options.precision,
  });
  const side = logitsSideOf(promptable.sam.config);
  const process = async ({ name, file }: Item): Promise<Outcome> => {
    const ms: StageTimes = {};
    const { image, warnings } = await timed(ms, "decode", () => decodeImage(file, { mode }));
    const given = coarse.of(file);
    if (!given) throw new InputError(`"${file}" has no coarse mask of its name in "${pictures}".`);
    const { mask: hint, warnings: guesses } = await readMask(given.file, { label: settings.label, image: { ...image, file } });
    const map = outputFile(earlier, "saliency", given.name);
    const saliency = existsSync(map) ? await readGray(map) : undefined;
    const refined = await step.run(image, hint, basename(file), ms);
    await timed(ms, "write", async () => {
      await writeRefined(out, name, { image, coarse: hint, refined, ...(saliency && { saliency }) }, run.label);
      if (raw) await writeRaw(out, name, rawRefined(refined, side));
    });
    const { width, height } = image;
    return {
      record: { file, width, height, ...refinedRecord(refined), ms },
      warnings: [...warnings, ...blankWarnings(image), ...guesses.map((guess) => `coarse mask: ${guess}`), ...refined.warnings],
      summary: summaryOf(refined),
    };
  };
  const folders: OutputFolder[] = ["masks", "overlay", ...(raw ? (["raw"] as const) : [])];
  const items = inputs.map(({ name, file }) => ({
    name,
    file,
    inputs: [file, coarse.of(file)?.file].filter((path) => path !== undefined),
    outputs: folders.map((folder) => outputFile(out, folder, name)),
  }));
  yield* streamThenDispose(() => runItems(items, process, { out, header: about, overwrite: settings.overwrite, signal }), promptable.sam);
}

/** The coarse masks of images, joined by name. @throws ConfigError when a name fits two */
async function coarseMasks(folder: string, images: readonly ImageInput[]) {
  const { inputs, leftOut } = await listImages([folder]);
  const [masks, pictures] = [sideOf(inputs, "coarse mask"), sideOf(images, "image")];
  const { leftOf, lonelyLeft } = joinByName(masks, pictures, { bare: "either" });
  const byFile = new Map([...leftOf].map(([image, mask]) => [image.file, mask]));
  const messages = [leftOutMessage(leftOut), lonelyMessage(lonelyLeft, masks, pictures)];
  return {
    of: (file: string): ImageInput | undefined => byFile.get(file),
    warnings: messages.flatMap((message) => (message === undefined ? [] : [`--coarse: ${message}`])),
  };
}
