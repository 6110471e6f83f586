import { existsSync } from "node:fs";
import type { AdaptSettings } from "../pipeline/adapt/settings.ts";
import type { FinetuneSettings } from "../pipeline/finetune/settings.ts";
import type { FinetuneSamSettings } from "../pipeline/finetune-sam/settings.ts";
import type { WeakTrainSettings } from "../pipeline/weak/train/settings.ts";
import type { RunEvent } from "../run/events.ts";
import type { StopOptions } from "../run/stop-options.ts";

/** Fine-tunes a CLIP model, and keeps `report.html` up to date: after each epoch, and at the end. */
export async function* runFinetuneWithReport(settings: FinetuneSettings, options: StopOptions): AsyncGenerator<RunEvent> {
  const { runFinetune } = await import("../pipeline/finetune/run.ts");
  yield* withReport(runFinetune(settings, options), settings);
}

/** The same for a SAM model. */
export async function* runFinetuneSamWithReport(settings: FinetuneSamSettings, options: StopOptions): AsyncGenerator<RunEvent> {
  const { runFinetuneSam } = await import("../pipeline/finetune-sam/run.ts");
  yield* withReport(runFinetuneSam(settings, options), settings);
}

/** The same for a segmentation network. */
export async function* runWeakTrainWithReport(settings: WeakTrainSettings, options: StopOptions): AsyncGenerator<RunEvent> {
  const { runWeakTrain } = await import("../pipeline/weak/train/run.ts");
  yield* withReport(runWeakTrain(settings, options), settings);
}

/** Adapts a pack, and writes the reports of both trainings at the end. */
export async function* runAdaptWithReports(settings: AdaptSettings, options: StopOptions): AsyncGenerator<RunEvent> {
  const { runAdapt, trainingFolders } = await import("../pipeline/adapt/run.ts");
  for await (const event of runAdapt(settings, options)) {
    if (event.type === "end" && !settings.dryRun) {
      const { writeTrainingReport } = await import("../report/index.ts");
      for (const folder of trainingFolders(settings)) if (existsSync(folder)) await writeTrainingReport(folder); // the user may have removed them
    }
    yield event;
  }
}

async function* withReport(
  events: AsyncGenerator<RunEvent>,
  { out, dryRun }: { readonly out: string; readonly dryRun: boolean },
): AsyncGenerator<RunEvent> {
  for await (const event of events) {
    if (!dryRun && (event.type === "epoch" || event.type === "end")) {
      const { writeTrainingReport } = await import("../report/index.ts");
      await writeTrainingReport(out);
    }
    yield event;
  }
}
