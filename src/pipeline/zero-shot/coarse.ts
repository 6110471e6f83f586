import { ConfigError } from "../../errors.ts";
import { areaPx, type Box } from "../../image/index.ts";
import { requireWritableNames, targetFile } from "../../results/layout.ts";
import { writeMask } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import type { ImageRecord } from "../../run/record/record.ts";
import { effectiveSettings } from "../../run/settings/effect.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { type LeftOut, leftOutRecord } from "../../scans/left-out.ts";
import { readSaliency } from "../../scans/read-gray.ts";
import type { Target } from "../../targets/target.ts";
import { joinedNotices } from "../models/notices.ts";
import { resultFolder, type StepResults } from "../models/result-folder.ts";
import { modePresets } from "../settings.ts";
import { coarseStep } from "./coarse-step.ts";
import { type FoundTarget, isAbsentIn, outcomeOf, promptOf, type TargetItem, targetsOf } from "./items.ts";
import { CoarseRunSettings } from "./settings.ts";

/** The second step over files: saliency maps to coarse masks. */
export async function* runCoarse(settings: CoarseRunSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, inputs } = settings;
  if (inputs.length !== 1) throw new ConfigError(`coarse reads one folder of saliency maps, got ${inputs.length}`);
  const { all, folders, maker, records } = await resultFolder(inputs[0]!, "saliency");
  const { items, count, leftOut, warnings } = await mapsOf(folders, all, out);
  const notices = joinedNotices([], maker);
  for (const message of [...(notices.notices ?? []), ...warnings]) yield { type: "warning", message };
  if (settings.dryRun) {
    yield {
      type: "end",
      done: 0,
      skipped: 0,
      failed: 0,
      ms: 0,
      lines: [`${count} saliency maps would be segmented; this takes milliseconds each.`],
    };
    return;
  }
  const effective = effectiveSettings(CoarseRunSettings, settings);
  const about = { command: "coarse", settings: effective, weights: {}, ...targetsOf(all), ...notices, leftOut };
  const placed = modePresets[settings.mode].placement === "window";
  const unknown = items.filter(({ name }) => !records.get(name)?.window).length;
  if (placed && unknown > 0) {
    yield {
      type: "warning",
      message: `${unknown} of ${items.length} maps have no run.json that records which part of the image the model saw: they are assumed to cover the whole image`,
    };
  }
  const process = async ({ name, lookFor, inputs }: MapItem): Promise<Outcome> => {
    const found: FoundTarget[] = [];
    let size = {};
    for (const [i, target] of lookFor.entries()) {
      const map = await readSaliency(inputs[i]!);
      size = { width: map.width, height: map.height };
      const { coarse, level, warnings } = coarseStep(map, windowOf(records.get(name)), settings);
      await writeMask(targetFile("coarse", target, { out, name, all }), coarse);
      const coarseAreaPx = areaPx(coarse);
      const prompt = promptOf(records.get(name), target);
      const record = {
        ...(prompt && { prompt }),
        absent: isAbsentIn(records.get(name), target) || undefined,
        ...(level !== undefined && { level }),
        coarseAreaPx,
      };
      found.push({ target, record, warnings, summary: `${coarseAreaPx} px` });
    }
    const { record, ...told } = outcomeOf(found);
    return { record: { ...size, ...record }, ...told };
  };
  yield* runItems(items, process, { out, header: about, overwrite: settings.overwrite, signal });
}

/** An image by the maps of its targets. */
type MapItem = Omit<TargetItem, "image">;

/** The maps of all targets, one item per image. @throws InputError when a folder contains none */
async function mapsOf(folders: StepResults["folders"], all: readonly Target[], out: string) {
  const items = new Map<string, MapItem>();
  const leftOut: LeftOut[] = [];
  const warnings: string[] = [];
  let count = 0;
  for (const { target, pictures } of folders) {
    const found = await findInputs([pictures], out, { withMasks: true });
    requireWritableNames(found.inputs, false);
    count += found.inputs.length;
    warnings.push(...found.warnings);
    for (const file of found.leftOut) leftOut.push(file);
    for (const { name, file } of found.inputs) {
      const { lookFor = [], inputs = [], outputs = [] } = items.get(name) ?? {};
      items.set(name, {
        name,
        file,
        lookFor: [...lookFor, target],
        inputs: [...inputs, file],
        outputs: [...outputs, targetFile("coarse", target, { out, name, all })],
      });
    }
  }
  return { items: [...items.values()], count, leftOut: leftOutRecord(leftOut), warnings };
}

function windowOf(record: ImageRecord | undefined): Box | undefined {
  if (!record?.window) return undefined;
  const [x0, y0, x1, y1] = record.window as [number, number, number, number];
  return { x0, y0, x1, y1 };
}
