import { blankWarnings } from "../../image/index.ts";
import { requireWritableNames } from "../../results/layout.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import { recordedSettings } from "../../run/settings/effect.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeInput } from "../../scans/decode-image.ts";
import { filesOfInput } from "../../scans/inputs-of-scans.ts";
import { leftOutRecord } from "../../scans/left-out.ts";
import { countOf } from "../../scans/names.ts";
import { EverythingOptions, everything } from "../../segment/index.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadSam } from "../models/model.ts";
import { samRecord, sessionOptions } from "../models/models-of-run.ts";
import { samUse, untrainedEverything, variantOf } from "../models/sam-variant.ts";
import { viewOf } from "../settings.ts";
import { dryRun } from "../zero-shot/images/dry-run.ts";
import { scanNameOf, sourceRecord, type TargetItem } from "../zero-shot/images/items.ts";
import { givenGeometry } from "../zero-shot/images/write-masks.ts";
import { keptEmbeddings } from "../zero-shot/steps/embedding-cache.ts";
import { type StageTimes, timed } from "../zero-shot/steps/stage-times.ts";
import { regionFiles, writeRegions } from "./regions-file.ts";
import { EverythingSettings } from "./settings.ts";

/** `medclip-sam everything`: the regions that SAM finds in images without being told what to look for. */
export async function* runEverything(settings: EverythingSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out } = settings;
  const view = viewOf(settings);
  const { inputs, ...found } = await findInputs(settings.inputs, out, { frames: settings });
  requireWritableNames(inputs, false);
  const items = inputs.map((image): TargetItem => {
    const { name, file } = image;
    return { name, file, image, inputs: filesOfInput(image), outputs: regionFiles({ out, name }), lookFor: [] };
  });
  const run = await sessionOptions(settings);
  for (const message of [...found.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening the model" };
  const options = { ...run.session, ...variantOf(settings), precision: settings.samPrecision };
  const promptable = await loadSam(settings.sam, options);
  const { sam } = promptable;
  for (const message of [...sam.warnings, ...untrainedEverything(sam, settings)]) yield { type: "warning", message };
  if (settings.dryRun) {
    yield* dryRun("everything", items, { sam }, options);
    return;
  }
  yield { type: "stage", message: "checking weights" };
  const { notices, label, device } = run;
  const header = {
    command: "everything",
    ...recordedSettings(EverythingSettings, { ...settings }),
    device,
    ...samUse(sam),
    threads: settings.threads ?? null,
    weights: await samRecord(promptable),
    ...(notices.length > 0 && { notices }),
    ...(label && { label }),
    ...(found.leftOut.length > 0 && { leftOut: leftOutRecord(found.leftOut) }),
  };
  const embed = keptEmbeddings(settings.cache, promptable);
  const thresholds = EverythingOptions.strip().parse(settings);
  const process = async ({ name, image: input }: TargetItem): Promise<Outcome> => {
    const ms: StageTimes = {};
    const { image, warnings, display, geometry = givenGeometry(settings) } = await timed(ms, "decode", () => decodeInput(input, view));
    const told: string[] = [];
    const embedding = await timed(ms, "embed", () => (embed ? embed(image, told) : sam.setImage(image)));
    const regions = await timed(ms, "regions", () => everything(sam, image, thresholds, { embedding, signal }));
    await timed(ms, "write", () => writeRegions({ out, name }, image, regions, { spacing: geometry?.spacing, note: label }));
    if (regions.length === 0)
      told.push(
        "no region passed the thresholds of predicted IoU and stability; lower --pred-iou or --stability to see weaker ones. A model that gives one mask for a prompt, as those of packs, needs --point-masks single --pred-iou 0 --stability 0.5",
      );
    return {
      record: { ...sourceRecord(input, image, display), regions: regions.length, ms },
      warnings: [...warnings, ...blankWarnings(image), ...told],
      summary: countOf(regions.length, "region"),
    };
  };
  yield* streamThenDispose(() => runItems(items, process, { out, header, overwrite: settings.overwrite, signal, scanOf: scanNameOf }), sam);
}
