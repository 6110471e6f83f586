import { type DemoOptions, runDemo } from "../pipeline/demo/run.ts";
import { writeDemoPage } from "../report/index.ts";
import type { RunEvent } from "../run/events.ts";
import type { StopOptions } from "../run/stop-options.ts";

/** Runs the demo, and writes the page that shows its results. */
export async function* runDemoWithPage(settings: DemoOptions, options: StopOptions): AsyncGenerator<RunEvent> {
  for await (const event of runDemo(settings, options)) {
    if (event.type === "end") yield { ...event, lines: [...(event.lines ?? []), "", `page       ${await writeDemoPage(settings.out)}`] };
    else yield event;
  }
}
