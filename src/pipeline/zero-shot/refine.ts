import { existsSync } from "node:fs";
import { addTo } from "../../add-to.ts";
import { InputError } from "../../errors.ts";
import { blankWarnings } from "../../image/index.ts";
import { logitsSideOf } from "../../models/sam/index.ts";
import { requireWritableNames, targetFile } from "../../results/layout.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeInput } from "../../scans/decode-image.ts";
import { filesOfInput } from "../../scans/inputs-of-scans.ts";
import { leftOutMessage } from "../../scans/left-out.ts";
import { type ImageInput, listImages, sideOf } from "../../scans/list-images.ts";
import { joinByName, lonelyMessage } from "../../scans/names.ts";
import { readGray } from "../../scans/read-gray.ts";
import { readMask } from "../../scans/read-mask.ts";
import type { Target } from "../../targets/target.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadSam } from "../models/model.ts";
import { samRecord, sessionOptions } from "../models/models-of-run.ts";
import { resultFolder, type StepResults } from "../models/result-folder.ts";
import { samUse, untrainedUse, variantOf } from "../models/sam-variant.ts";
import { viewOf } from "../settings.ts";
import { dryRun } from "./images/dry-run.ts";
import {
  header,
  isAbsentIn,
  outcomeOf,
  promptOf,
  refinedRecord,
  scanNameOf,
  sourceRecord,
  streamName,
  summaryOf,
  type TargetItem,
} from "./images/items.ts";
import { memoryPlan } from "./images/memory-plan.ts";
import { rawRefined, writeRaw } from "./images/raw-file.ts";
import { givenGeometry, writeMasks, writer } from "./images/write-masks.ts";
import { RefineRunSettings } from "./settings/commands.ts";
import { keptEmbeddings } from "./steps/embedding-cache.ts";
import { RefineStep } from "./steps/refine-step.ts";
import { similarMaskWarnings } from "./steps/similar-masks.ts";
import { type StageTimes, timed } from "./steps/stage-times.ts";

/** The third step over files: images and coarse masks to masks, matched by name. */
export async function* runRefine(settings: RefineRunSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw } = settings;
  const view = viewOf(settings);
  const { inputs, ...found } = await findInputs(settings.inputs, out, { frames: settings });
  requireWritableNames(inputs, raw);
  const { all, folders: hints, run: earlier, maker, records } = await resultFolder(settings.coarse, "coarse");
  const coarse = await coarseMasks(hints, inputs);
  const items = inputs.map((image): TargetItem => {
    const { name, file } = image;
    const lookFor = coarse.of(image).map(({ target }) => target);
    const place = { out, name, all };
    const raws = raw ? lookFor.map((target) => targetFile("raw", target, place)) : [];
    const masks = coarse.of(image).map(({ mask }) => mask.file);
    return {
      name,
      file,
      image,
      inputs: [...filesOfInput(image), ...masks],
      outputs: [...writer.filesOf(place, lookFor), ...raws],
      lookFor,
    };
  });
  const { plan, message } = await memoryPlan(settings.maxMemory, { sam: settings.sam });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions(settings, { earlier: maker });
  for (const message of [...found.warnings, ...coarse.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening the model" };
  const options = { ...run.session, ...plan.options, ...variantOf(settings), precision: settings.samPrecision };
  const promptable = await loadSam(settings.sam, options);
  for (const message of [...promptable.sam.warnings, ...untrainedUse(promptable.sam, settings)]) yield { type: "warning", message };
  const step = new RefineStep(promptable, settings, keptEmbeddings(settings.cache, promptable));
  if (settings.dryRun) {
    yield* dryRun("refine", items, { sam: promptable.sam }, options);
    return;
  }
  yield { type: "stage", message: "checking weights" };
  const about = header("refine", RefineRunSettings, settings, await samRecord(promptable), {
    ...run,
    leftOut: found.leftOut,
    all,
    ...samUse(promptable.sam),
  });
  const side = logitsSideOf(promptable.sam.config);
  const process = async ({ name, file, image: input }: TargetItem): Promise<Outcome> => {
    const ms: StageTimes = {};
    const place = { out, name, all };
    const decoded = await timed(ms, "decode", () => decodeInput(input, view));
    const { image, warnings, display, geometry = givenGeometry(settings) } = decoded;
    const given = coarse.of(input);
    if (given.length === 0) {
      throw new InputError(`"${file}" has no coarse mask with its name in ${hints.map(({ pictures }) => `"${pictures}"`).join(", ")}.`);
    }
    const readings = await Promise.all(given.map(({ mask }) => readMask(mask.file, { label: settings.label, image: { ...image, file } })));
    const masks = readings.map(({ mask }) => mask);
    const inputs = given.map(({ target, mask }, i) => ({ coarse: masks[i]!, isAbsent: isAbsentIn(records.get(mask.name), target) }));
    const refined = await step.run(image, inputs, streamName(input), ms);
    const found = await Promise.all(
      given.map(async ({ target, mask }, i) => {
        const map = targetFile("saliency", target, { out: earlier, name: mask.name, all });
        return { target, coarse: masks[i]!, saliency: existsSync(map) ? await readGray(map) : undefined, ...refined[i]! };
      }),
    );
    await timed(ms, "write", async () => {
      await writeMasks(place, { image, geometry, targets: found, note: run.label }, promptable.sam.enlarge);
      if (raw) for (const result of found) await writeRaw(targetFile("raw", result.target, place), rawRefined(result, side));
    });
    const outcome = outcomeOf(
      found.map(({ target, warnings, ...refined }, i) => {
        const earlier = records.get(given[i]!.mask.name);
        const prompt = promptOf(earlier, target);
        const ofMask = refinedRecord(refined, geometry?.spacing);
        return {
          target,
          record: { ...(prompt && { prompt }), absent: isAbsentIn(earlier, target) || undefined, ...ofMask },
          warnings: [...readings[i]!.warnings.map((guess) => `coarse mask: ${guess}`), ...warnings],
          summary: summaryOf(ofMask),
        };
      }),
    );
    return {
      record: { ...sourceRecord(input, image, display), ...outcome.record, ms },
      warnings: [...warnings, ...blankWarnings(image), ...similarMaskWarnings(found), ...outcome.warnings],
      summary: outcome.summary,
    };
  };
  yield* streamThenDispose(
    () =>
      runItems(items, process, {
        out,
        header: about,
        overwrite: settings.overwrite,
        signal,
        scanOf: scanNameOf,
        begin: () => writer.begin({ out, all }),
      }),
    promptable.sam,
  );
}

/** The coarse masks of images, matched by name, for each target. @throws ConfigError when a name is ambiguous */
async function coarseMasks(folders: StepResults["folders"], images: readonly ImageInput[]) {
  const byImage = new Map<ImageInput, { readonly target: Target; readonly mask: ImageInput }[]>();
  const warnings: string[] = [];
  for (const { target, pictures } of folders) {
    const { inputs, leftOut } = await listImages([pictures]);
    const [masks, named] = [sideOf(inputs, "coarse mask"), sideOf(images, "image")];
    const { leftOf, lonelyLeft } = joinByName(masks, named, { bare: "either" });
    for (const [image, mask] of leftOf) addTo(byImage, image, { target, mask });
    const messages = [leftOutMessage(leftOut), lonelyMessage(lonelyLeft, masks, named)];
    warnings.push(...messages.flatMap((message) => (message === undefined ? [] : [`--coarse: ${message}`])));
  }
  return { of: (image: ImageInput) => byImage.get(image) ?? [], warnings };
}
