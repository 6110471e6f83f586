import { join } from "node:path";
import { ConfigError } from "../../errors.ts";
import { defaultPack, locatePack, type Pack } from "../../hub/pack.ts";
import type { RunEvent } from "../../run/events.ts";
import type { WeightsRecord } from "../../run/record/record.ts";
import { recordedSettings } from "../../run/settings/effect.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { streamThenDispose, thenDispose } from "../../then-dispose.ts";
import { loadClip, samFilesOf } from "../models/model.ts";
import { clipRecord, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { defaultsOf } from "../models/pack-settings.ts";
import { resultLines } from "./card.ts";
import { dryAdaptation } from "./dry.ts";
import { type AdaptImage, readImages } from "./images.ts";
import { AdaptRecord, workFolder } from "./record.ts";
import { AdaptSettings } from "./settings.ts";
import { runStages } from "./stages.ts";
import { type AdaptWords, adaptWords, isReadable, promptProblems } from "./words.ts";

/** Saliency methods whose maps the outlines of a training improve. */
const taught: readonly unknown[] = ["dense-text", "patch-text"];

/**
 * `medclip-sam adapt`: fine-tunes both models of a pack on images of the user with outlines of one target, and writes the adapted pack:
 *
 *   OUT/pack.json, clip/, sam/   the pack, for `segment --pack OUT`
 *   OUT/README.md                its model card: what was measured on held-out images, before and after
 *   OUT/adapt.json               the same as data, with all settings and the names of the images
 *   OUT/work                     tables, masks, and the records of both trainings
 *
 * The trainings are those of `finetune --regions` and `finetune-sam`. Images that cannot be used are reported and skipped. Started again in the same folder with the
 * same settings, it resumes; a finished adaptation is reported again.
 *
 * @throws ConfigError when the settings are invalid, there are too few images, the pack knows no word of a prompt, or its saliency method does not learn from outlines
 */
export async function* runAdapt(settings: AdaptSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const pack = await locatePack(settings.pack ?? defaultPack);
  requireTaught(pack);
  yield* eachWarningOnce(work());

  async function* work(): AsyncGenerator<RunEvent> {
    const models = { clip: pack.clip, sam: pack.sam, pack: settings.pack ?? pack.name };
    const { session, device, warnings } = await sessionOptions({ ...settings, ...models }, { isTraining: true });
    const { words, warnings: aboutWords, weights } = await wordsFor(settings, pack, session);
    for (const message of [...warnings, ...aboutWords]) yield { type: "warning", message };
    yield { type: "stage", message: "reading images and masks" };
    const images = await readImages(settings, signal);
    for (const message of images.warnings) yield { type: "warning", message };
    for (const { key, detail = "" } of images.dropped) yield { type: "failure", name: key, message: detail, code: "input" };
    const adaptation = { settings, pack, words, images, session, signal };
    if (settings.dryRun) return yield* dryAdaptation(adaptation);
    const content = {
      command: "adapt",
      ...recordedSettings(AdaptSettings, { ...settings }),
      ...{ seed: settings.seed, device, threads: settings.threads ?? null, weights, notices: [pack.notice] },
      data: { images: { file: settings.data, sha256: images.sha256 } },
      images: { train: namesOf(images.train), heldOut: namesOf(images.heldOut) },
    };
    const record = await AdaptRecord.open(settings.out, content, settings);
    yield* streamThenDispose(async function* (): AsyncGenerator<RunEvent> {
      for (const message of record.warnings) yield { type: "warning", message };
      const { outcome, done, skipped } = yield* runStages(adaptation, record);
      await record.finish();
      const ms = Math.round(performance.now() - begun);
      yield { type: "end", done, skipped, failed: images.dropped.length, ms, lines: resultLines(outcome) };
    }, record);
  }
}

/** Both trainings tell the same of the pack and of the images. */
async function* eachWarningOnce(events: AsyncGenerator<RunEvent>): AsyncGenerator<RunEvent> {
  const told = new Set<string>();
  for await (const event of events) {
    if (event.type === "warning" && told.has(event.message)) continue;
    if (event.type === "warning") told.add(event.message);
    yield event;
  }
}

const namesOf = (images: readonly AdaptImage[]): string[] => images.map(({ name }) => name);

/** @throws ConfigError when outlines do not improve the maps of the pack */
function requireTaught(pack: Pack): void {
  const { saliencyMethod = "m2ib" } = defaultsOf(pack);
  if (taught.includes(saliencyMethod)) return;
  throw new ConfigError(
    `adapt: the pack "${pack.name}" finds targets by the saliency method "${saliencyMethod}", which outlines do not teach; a pack of the method dense-text or patch-text is needed. For other models use finetune and finetune-sam.`,
  );
}

/** The words of the adaptation, what the pack cannot read of the prompts, and the files of its models. */
async function wordsFor(
  { prompt, absent }: AdaptSettings,
  pack: Pack,
  session: SessionOptions,
): Promise<{ words: AdaptWords; warnings: string[]; weights: Record<string, WeightsRecord> }> {
  const text = await loadClip(pack.clip, undefined, session);
  return await thenDispose(async () => {
    const { tokenizer } = text;
    const { contextLength } = text.clip.config;
    return {
      warnings: promptProblems([...prompt, ...absent], tokenizer, contextLength, pack.name),
      words: adaptWords(prompt, absent, (sentence) => isReadable(sentence, tokenizer, contextLength)),
      weights: { ...(await clipRecord(text)), ...(await samRecord({ samFiles: await samFilesOf(pack.sam) })) },
    };
  }, text.clip);
}

/** The folders of both trainings, which have records of their own. */
export const trainingFolders = ({ out }: Pick<AdaptSettings, "out">): string[] =>
  ["clip", "sam"].map((part) => join(out, workFolder, part));
