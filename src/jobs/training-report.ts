import { runFinetune } from "../pipeline/finetune/run.ts";
import type { FinetuneSettings } from "../pipeline/finetune/settings.ts";
import { runFinetuneSam } from "../pipeline/finetune-sam/run.ts";
import type { FinetuneSamSettings } from "../pipeline/finetune-sam/settings.ts";
import { writeTrainingReport } from "../report/index.ts";
import type { RunEvent } from "../run/events.ts";

interface JobOptions {
  readonly signal?: AbortSignal;
}

/** Fine-tunes a CLIP model, and keeps `report.html` up to date: after each epoch, and at the end. */
export function runFinetuneWithReport(settings: FinetuneSettings, options: JobOptions): AsyncGenerator<RunEvent> {
  return withReport(runFinetune(settings, options), settings);
}

/** The same for a SAM model. */
export function runFinetuneSamWithReport(settings: FinetuneSamSettings, options: JobOptions): AsyncGenerator<RunEvent> {
  return withReport(runFinetuneSam(settings, options), settings);
}

async function* withReport(
  events: AsyncGenerator<RunEvent>,
  { out, dryRun }: { readonly out: string; readonly dryRun: boolean },
): AsyncGenerator<RunEvent> {
  for await (const event of events) {
    if (!dryRun && (event.type === "epoch" || event.type === "end")) await writeTrainingReport(out);
    yield event;
  }
}
