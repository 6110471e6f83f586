import { runPromptReport } from "../pipeline/prompt-report/run.ts";
import type { PromptReportSettings } from "../pipeline/prompt-report/settings.ts";
import { writePromptReportPage } from "../report/index.ts";
import type { RunEvent } from "../run/events.ts";
import type { StopOptions } from "../run/stop-options.ts";

/** Compares text prompts on the same images, and writes the page that shows the result. */
export async function* runPromptReportWithPage(settings: PromptReportSettings, options: StopOptions): AsyncGenerator<RunEvent> {
  for await (const event of runPromptReport(settings, options)) {
    if (event.type === "end" && !settings.dryRun)
      yield { ...event, lines: [...(event.lines ?? []), await writePromptReportPage(settings.out)] };
    else yield event;
  }
}
