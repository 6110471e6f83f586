import { existsSync } from "node:fs";
import { join } from "node:path";
import { remove, writeAtomic } from "../../files/atomic-write.ts";
import { defaultPack } from "../../hub/pack.ts";
import type { RunEvent } from "../../run/events.ts";
import { modelFolder } from "../../train/index.ts";
import { runFinetune } from "../finetune/run.ts";
import { runFinetuneSam } from "../finetune-sam/run.ts";
import { type AdaptOutcome, cardText } from "./card.ts";
import { writeCoarse } from "./coarse.ts";
import { measurePack, type PackScores } from "./measure.ts";
import { type Adaptation, planOf, writeTables } from "./plan.ts";
import { type AdaptRecord, workFolder } from "./record.ts";
import { targetsTable } from "./tables.ts";
import { adaptedNotice, copyCredits, writeAdaptedPack } from "./write-pack.ts";

/** How many steps an adaptation has made in this run, and before. */
interface Progress {
  done: number;
  skipped: number;
}

/** What came of an adaptation. */
export interface Adapted extends Readonly<Progress> {
  readonly outcome: AdaptOutcome;
}

/**
 * Runs the stages of an adaptation that its record does not have: the pack is measured, CLIP is trained, then SAM with the coarse masks of that CLIP, the pack is
 * written, and measured again.
 */
export async function* runStages(adaptation: Adaptation, record: AdaptRecord): AsyncGenerator<RunEvent, Adapted> {
  const { settings, pack, images } = adaptation;
  const { out, samSteps } = settings;
  const plan = planOf(adaptation, join(out, workFolder));
  const { work, clipSteps } = plan;
  const [clip, sam] = [plan.clip, plan.sam].map((training) => modelFolder(training.out)) as [string, string];
  const notice = adaptedNotice(pack, images.train.length, settings.prompt);
  const stop = adaptation.signal ? { signal: adaptation.signal } : {};
  const progress: Progress = { done: 0, skipped: 0 };
  const training = { record, progress, total: clipSteps + samSteps, out };

  await writeTables(adaptation, plan);
  const before = yield* measured("before", settings.pack ?? defaultPack, adaptation, record, work);
  if (record.lineOf("sam") && ["pack.json", "clip", "sam"].every((name) => existsSync(join(out, name)))) {
    progress.skipped = training.total;
    yield { type: "start", command: "adapt", total: training.total, done: training.total, out, unit: "step" };
  } else {
    if (record.lineOf("clip") === undefined || !existsSync(clip)) {
      yield { type: "stage", message: `adapting the CLIP model: ${clipSteps} steps` };
      yield* trained("clip", runFinetune(plan.clip, stop), { ...training, offset: 0 });
    }
    yield { type: "stage", message: "making coarse masks with the adapted CLIP model" };
    await writeAtomic(plan.sam.data, targetsTable(images.train, await writeCoarse(adaptation, clip, work)));
    yield { type: "stage", message: `adapting the SAM model: ${samSteps} steps` };
    yield* trained("sam", runFinetuneSam(plan.sam, stop), { ...training, offset: clipSteps });
    await writeAdaptedPack(out, pack, { clip, sam, notice });
  }
  const after = yield* measured("after", out, adaptation, record, work);
  const outcome: AdaptOutcome = {
    ...{ pack, settings, clipSteps, notice, train: images.train.length, heldOut: images.heldOut.length },
    measured: before && after && { before, after },
  };
  await writeAtomic(join(out, "README.md"), cardText(outcome, await copyCredits(pack, out)));
  // The pack holds the models now, and no step is to be repeated.
  await remove([plan.clip.out, plan.sam.out].flatMap((folder) => [modelFolder(folder), join(folder, "checkpoints")]));
  return { outcome, ...progress };
}

/** The scores of a pack on the held-out images, from the record if it has them; undefined if no image is held out. */
async function* measured(
  stage: "before" | "after",
  pack: string,
  { settings, words, images: { heldOut }, session, signal }: Adaptation,
  record: AdaptRecord,
  work: string,
): AsyncGenerator<RunEvent, PackScores | undefined> {
  const known = record.lineOf(stage)?.scores;
  if (known || heldOut.length === 0) return known;
  yield { type: "stage", message: `measuring the ${stage === "before" ? "" : "adapted "}pack on ${heldOut.length} held-out images` };
  const begun = performance.now();
  const questions = { images: heldOut, work, prompts: settings.prompt, absent: words.asked };
  const scores = await measurePack(pack, questions, { ...session, signal });
  await record.finishStage({ stage, seconds: secondsSince(begun), scores });
  return scores;
}

/** A training within an adaptation. */
interface Part {
  readonly record: AdaptRecord;
  readonly progress: Progress;
  /** Steps of both trainings, and those before this one. */
  readonly total: number;
  readonly offset: number;
  readonly out: string;
}

/** The events of a training as a part of the adaptation: its steps are counted on, and its epochs and its end are no news. */
async function* trained(
  stage: "clip" | "sam",
  events: AsyncGenerator<RunEvent>,
  { record, progress, total, offset, out }: Part,
): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  for await (const event of events) {
    if (event.type === "start") {
      if (progress.done > 0) continue; // the adaptation has started with the training before
      progress.skipped = offset + event.done;
      yield { type: "start", command: "adapt", total, done: progress.skipped, out, unit: "step" };
    } else if (event.type === "step") {
      progress.done++;
      yield { ...event, step: offset + event.step };
    } else if (event.type !== "epoch" && event.type !== "end") yield event;
  }
  await record.finishStage({ stage, seconds: secondsSince(begun) });
}

const secondsSince = (begun: number): number => Math.round((performance.now() - begun) / 100) / 10;
