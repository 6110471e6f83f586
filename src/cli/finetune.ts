import type { RunEvent } from "../pipeline/events.ts";
import { runFinetune } from "../pipeline/finetune.ts";
import type { FinetuneSettings } from "../pipeline/settings.ts";
import { writeTrainingReport } from "../report/index.ts";

/** Fine-tunes, and keeps `report.html` up to date: after each epoch, and at the end. */
export async function* runFinetuneWithReport(
  settings: FinetuneSettings,
  options: { readonly signal?: AbortSignal },
): AsyncGenerator<RunEvent> {
  for await (const event of runFinetune(settings, options)) {
    if (!settings.dryRun && (event.type === "epoch" || event.type === "end")) await writeTrainingReport(settings.out);
    yield event;
  }
}
