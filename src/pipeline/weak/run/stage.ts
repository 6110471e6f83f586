import type { RunEvent } from "../../../run/events.ts";

/** What the stages of a run have in common. */
export interface Tally {
  failed: number;
}

/** The events of a command as a stage of a longer run: its end becomes notes, unless the page of the run says the same. */
export async function* stageOf(
  title: string,
  events: AsyncGenerator<RunEvent>,
  tally: Tally,
  { isBrief = false }: { readonly isBrief?: boolean } = {},
): AsyncGenerator<RunEvent> {
  yield { type: "stage", message: title };
  for await (const event of events) {
    if (event.type !== "end") {
      yield event;
      continue;
    }
    tally.failed += event.failed;
    for (const message of isBrief ? [] : (event.lines ?? [])) yield { type: "note", message };
  }
}
