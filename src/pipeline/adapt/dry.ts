import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { remove, writeAtomic } from "../../files/atomic-write.ts";
import type { RunEvent } from "../../run/events.ts";
import { runFinetune } from "../finetune/run.ts";
import { runFinetuneSam } from "../finetune-sam/run.ts";
import { type Adaptation, planOf, writeTables } from "./plan.ts";
import { targetsTable } from "./tables.ts";

/** Describes both trainings and estimates their time, from tables in a folder that is removed. */
export async function* dryAdaptation(adaptation: Adaptation): AsyncGenerator<RunEvent> {
  const { images, settings } = adaptation;
  const work = await mkdtemp(join(tmpdir(), "medclip-sam-adapt-"));
  const lines = [`${images.train.length} images for adapting, ${images.heldOut.length} held out`];
  const training = async (title: string, events: AsyncGenerator<RunEvent>) => {
    for await (const event of events) if (event.type === "end") lines.push("", `${title}: ${event.lines?.join("\n")}`);
  };
  try {
    const plan = planOf(adaptation, work);
    await writeTables(adaptation, plan);
    await writeAtomic(plan.sam.data, targetsTable(images.train, new Map()));
    await training("CLIP", runFinetune({ ...plan.clip, dryRun: true }));
    await training("SAM", runFinetuneSam({ ...plan.sam, dryRun: true }));
    yield { type: "start", command: "adapt", total: plan.clipSteps + settings.samSteps, done: 0, unit: "step" };
    yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines };
  } finally {
    await remove([work]);
  }
}
