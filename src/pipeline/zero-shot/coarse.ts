import { ConfigError } from "../../errors.ts";
import type { Box } from "../../image/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Item, type Outcome, runItems } from "../../run/items.ts";
import type { ImageRecord } from "../../run/record/record.ts";
import { effectiveSettings } from "../../run/settings/effect.ts";
import { readSaliency } from "../../scans/read-gray.ts";
import { resultFolder } from "../models/result-folder.ts";
import { modePresets } from "../settings.ts";
import type { RunOptions } from "./items.ts";
import { outputFile, requireWritableNames, writeCoarse } from "./outputs.ts";
import { CoarseRunSettings } from "./settings.ts";
import { coarseStep, countForeground } from "./steps.ts";

/** The second step over files: saliency maps to coarse masks. */
export async function* runCoarse(settings: CoarseRunSettings, { signal }: RunOptions = {}): AsyncGenerator<RunEvent> {
  const { out, inputs } = settings;
  if (inputs.length !== 1) throw new ConfigError(`coarse reads one folder of saliency maps, got ${inputs.length}`);
  const { pictures, records } = await resultFolder(inputs[0]!, "saliency");
  const { inputs: maps, leftOut, warnings } = await findInputs([pictures], out);
  requireWritableNames(maps, false);
  for (const message of warnings) yield { type: "warning", message };
  if (settings.dryRun) {
    yield {
      type: "end",
      done: 0,
      skipped: 0,
      failed: 0,
      ms: 0,
      lines: [`${maps.length} saliency maps would be cut; this takes milliseconds each.`],
    };
    return;
  }
  const effective = effectiveSettings(CoarseRunSettings, settings);
  const about = { command: "coarse", settings: effective, weights: {}, leftOut };
  const placed = modePresets[settings.mode].placement === "window";
  const unknown = maps.filter(({ name }) => !records.get(name)?.window).length;
  if (placed && unknown > 0) {
    yield {
      type: "warning",
      message: `${unknown} of ${maps.length} maps have no run.json that tells which part of the image the model saw: they are taken to show all of it`,
    };
  }
  const process = async ({ name, file }: Item): Promise<Outcome> => {
    const gray = await readSaliency(file);
    const { coarse, level, warnings } = coarseStep(gray, windowOf(records.get(name)), settings);
    await writeCoarse(out, name, coarse);
    const coarseAreaPx = countForeground(coarse);
    return {
      record: { width: gray.width, height: gray.height, ...(level !== undefined && { level }), coarseAreaPx },
      warnings,
      summary: `${coarseAreaPx} px`,
    };
  };
  const items = maps.map(({ name, file }) => ({ name, file, inputs: [file], outputs: [outputFile(out, "coarse", name)] }));
  yield* runItems(items, process, { out, header: about, overwrite: settings.overwrite, signal });
}

function windowOf(record: ImageRecord | undefined): Box | undefined {
  if (!record?.window) return undefined;
  const [x0, y0, x1, y1] = record.window as [number, number, number, number];
  return { x0, y0, x1, y1 };
}
