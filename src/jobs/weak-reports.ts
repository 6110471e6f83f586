import { InputError } from "../errors.ts";
import type { WeakPseudoLabelSettings } from "../pipeline/weak/pseudo-label/settings.ts";
import type { WeakRunSettings } from "../pipeline/weak/run/settings.ts";
import type { WeakUncertaintySettings } from "../pipeline/weak/uncertainty/settings.ts";
import type { RunEvent } from "../run/events.ts";
import type { StopOptions } from "../run/stop-options.ts";
import { runWeakTrainWithReport } from "./training-report.ts";

/** Makes pseudo-labels, and writes `report.html` about what was kept and why; also where too few were. */
export async function* runPseudoLabelWithReport(settings: WeakPseudoLabelSettings, options: StopOptions): AsyncGenerator<RunEvent> {
  const { judging, runWeakPseudoLabel } = await import("../pipeline/weak/pseudo-label/run.ts");
  const report = async () => (await import("../report/index.ts")).writePseudoLabelReport(settings.out);
  let isJudged = false;
  try {
    for await (const event of runWeakPseudoLabel(settings, options)) {
      if (event.type === "stage") isJudged = event.message === judging;
      if (event.type === "end" && !settings.dryRun)
        yield { ...event, lines: [...(event.lines ?? []), `report with pictures: ${await report()}`] };
      else yield event;
    }
  } catch (error) {
    // What was judged is what the page explains; whatever else went wrong must not be hidden by a page that cannot be made.
    if (isJudged && error instanceof InputError) await report().catch(() => undefined);
    throw error;
  }
}

/** Runs an ensemble, with `report.html`: calibration, failure detection, and the images to look at first. */
export async function* runWeakUncertaintyWithReport(settings: WeakUncertaintySettings, options: StopOptions): AsyncGenerator<RunEvent> {
  const { runWeakUncertainty } = await import("../pipeline/weak/uncertainty/run.ts");
  for await (const event of runWeakUncertainty(settings, options)) {
    if (event.type === "end" && !settings.dryRun) {
      const { writeUncertaintyReport } = await import("../report/index.ts");
      yield { ...event, lines: [...(event.lines ?? []), `report with pictures: ${await writeUncertaintyReport(settings.out)}`] };
    } else yield event;
  }
}

/** The whole loop, with the reports of its stages as soon as these end, and `report.html`: results, pseudo-labels, training, the images to look at first. */
export async function* runWeakRunWithReport(settings: WeakRunSettings, options: StopOptions): AsyncGenerator<RunEvent> {
  const { runWeakRun } = await import("../pipeline/weak/run/run.ts");
  const stages = { pseudoLabel: runPseudoLabelWithReport, train: runWeakTrainWithReport, uncertainty: runWeakUncertaintyWithReport };
  for await (const event of runWeakRun(settings, options, stages)) {
    if (event.type === "end" && !settings.dryRun) {
      const { writeWeakReport } = await import("../report/index.ts");
      yield { ...event, lines: [...(event.lines ?? []), `report: ${await writeWeakReport(settings.out)}`] };
    } else yield event;
  }
}
