import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { ignoreDisagreement, labelFacts, masksBehindDefaults, masksUsedLine } from "../../../gate/index.ts";
import { blankWarnings, type Image } from "../../../image/index.ts";
import { requireWritableNames } from "../../../results/layout.ts";
import { writeGray, writeMask } from "../../../results/png.ts";
import type { RunEvent } from "../../../run/events.ts";
import { findInputs } from "../../../run/inputs.ts";
import { type Outcome, runItems } from "../../../run/items.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { decodeImage } from "../../../scans/decode-image.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { streamThenDispose } from "../../../then-dispose.ts";
import { loadClip, loadSam } from "../../models/model.ts";
import { modelWarnings } from "../../models/model-content.ts";
import { clipRecord, samRecord, sessionOptions } from "../../models/models-of-run.ts";
import { samUse, untrainedUse, variantOf } from "../../models/sam-variant.ts";
import { dryRun } from "../../zero-shot/images/dry-run.ts";
import { header, promptWarnings, refinedRecord, summaryOf, type TargetItem } from "../../zero-shot/images/items.ts";
import type { TextPrompts } from "../../zero-shot/targets/targets-of-images.ts";
import { noPrompt, textPrompts } from "../../zero-shot/targets/text-prompts.ts";
import { patternOf, writeDataset } from "./dataset.ts";
import { type FactsFile, factsFile, readFacts, writeFacts } from "./facts-file.ts";
import { judge } from "./judge.ts";
import { Labeller } from "./labeller.ts";
import { flatImages } from "./names.ts";
import { refuseInside } from "./places.ts";
import { WeakPseudoLabelSettings } from "./settings.ts";

/**
 * `medclip-sam weak pseudo-label`: masks of the zero-shot pipeline as labels of a training set, of which the quality gate keeps, weights or drops each.
 *
 *   OUT/masks/NAME.png, labels/NAME.png   mask (0, 255) and label values (0, 1; 2 where pixels are ignored)
 *   OUT/facts/NAME.json                   what the gate knows of it
 *   OUT/gate.json, decisions.csv          what it decided, and why
 *   OUT/Dataset001_NAME/                  the data set of what is left, in nnU-Net's layout
 *   OUT/weights.csv, splits_final.json    for `weak train --weights --splits`; near-duplicates and images of one patient stay in one fold
 *
 * No true mask is read. An image that cannot be used is reported, and the others go on; started again with the same settings, it resumes.
 *
 * @throws ConfigError when the settings are invalid, or OUT holds results of others
 * @throws InputError when the gate keeps fewer than `minKept`: what it decided is written before
 */
export async function* runWeakPseudoLabel(settings: WeakPseudoLabelSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, mode } = settings;
  patternOf(settings.group);
  await refuseInside(settings.inputs, out);
  const { inputs, ...found } = await findInputs(settings.inputs, out);
  const prompts = await textPrompts(settings, inputs);
  const items = itemsOf(inputs, prompts, out);
  requireWritableNames(
    items.map(({ file, name }) => ({ file, name, path: name })),
    false,
  );
  const run = await sessionOptions(settings);
  for (const message of [...found.warnings, ...prompts.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening models" };
  const options = { ...run.session, ...variantOf(settings), precision: settings.samPrecision };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  const promptable = await loadSam(settings.sam, options);
  const aboutSam = [...promptable.sam.warnings, ...untrainedUse(promptable.sam, settings)];
  for (const message of [...modelWarnings(text, settings.fit), ...aboutSam]) yield { type: "warning", message };
  const labeller = new Labeller(text, promptable, settings);
  const told = promptWarnings(items, labeller.saliency);
  const maps = Math.max(...prompts.entries.map(([target]) => labeller.mapsOf(target!.sentences.length)));
  for (const message of [...told, ...labeller.saliency.method.warnings]) yield { type: "warning", message };
  yield* streamThenDispose(
    async function* (): AsyncGenerator<RunEvent> {
      if (!settings.dryRun && maps === 1)
        yield {
          type: "note",
          message: "agreement is not measured: there is one wording, and the saliency method draws no noise. Several --prompt measure it.",
        };
      if (settings.dryRun) {
        const wanted = items.map((item) => ({ ...item, lookFor: new Array(maps).fill(prompts.all[0]) }));
        yield* dryRun("weak pseudo-label", wanted, { saliency: labeller.saliency.method, sam: promptable.sam }, options);
        return;
      }
      const weights = { ...(await clipRecord(text)), ...(await samRecord(promptable)) };
      const recorded = { ...settings, layer: labeller.saliency.method.layer };
      const about = header("weak pseudo-label", WeakPseudoLabelSettings, recorded, weights, {
        ...run,
        leftOut: found.leftOut,
        ...samUse(promptable.sam),
        classAware: settings.classAware,
      });
      const process = async ({ name, file, image: input, prompt }: PromptedImage): Promise<Outcome> => {
        if (!prompt) throw noPrompt(input, settings);
        const { image, warnings } = await decodeImage(file, { mode });
        const made = await labeller.label(image, prompt, basename(file));
        const { mask, members, perturbed } = made;
        const predictedIou = made.scores.length > 0 ? mean(made.scores) : undefined;
        const agreement = settings.ignoreDisagreement ? settings.memberAgreement : 0;
        const { labels, ignoredFraction } = ignoreDisagreement(mask, members, { memberAgreement: agreement });
        const facts = labelFacts({ name, mask, members, perturbed, predictedIou });
        await writeMask(join(out, "masks", `${name}.png`), mask);
        await writeGray(join(out, "labels", `${name}.png`), { width: mask.width, height: mask.height, data: Uint8Array.from(labels.data) });
        const content: FactsFile = { file, isGray: isGray(image), ignoredFraction, facts };
        await writeFacts(out, content);
        const { width, height } = image;
        const ofMask = refinedRecord(made, undefined);
        return {
          record: { file, width, height, ...(settings.classAware !== undefined && { classAware: true }), ...ofMask },
          warnings: [...warnings, ...blankWarnings(image), ...made.warnings],
          summary: `${summaryOf(ofMask)}${facts.agreement === null ? "" : `, agreement ${facts.agreement.toFixed(2)}`}`,
        };
      };
      for await (const event of runItems(items, process, { out, header: about, overwrite: settings.overwrite, signal, told })) {
        if (event.type !== "end") {
          yield event;
          continue;
        }
        yield { type: "stage", message: judging };
        const made = items.filter(({ name }) => existsSync(factsFile(out, name)));
        const labels = await Promise.all(made.map((item) => factsOf(out, item)));
        const judged = await judge(labels, settings, signal);
        for (const message of judged.warnings) yield { type: "warning", message };
        if (judged.gate.error) throw judged.gate.error;
        yield { type: "stage", message: "writing the data set" };
        const dataset = await writeDataset(labels, judged, { ...settings, sentences: prompts.all[0]!.sentences }, signal);
        yield { ...event, lines: [...judged.lines, ...dataset.lines, masksUsedLine(masksBehindDefaults)] };
      }
    },
    labeller,
    text.clip,
    promptable.sam,
  );
}

/** Message of the stage that decides what is kept. */
export const judging = "judging the pseudo-labels";

/** An image and its text prompt. */
interface PromptedImage extends TargetItem {
  readonly prompt?: readonly string[] | undefined;
}

function itemsOf(inputs: readonly ImageInput[], prompts: TextPrompts, out: string): PromptedImage[] {
  return flatImages(inputs).map(({ name, file }, i) => {
    const image = inputs[i]!;
    const lookFor = prompts.of(image) ?? [];
    const outputs = [`masks/${name}.png`, `labels/${name}.png`, `facts/${name}.json`].map((output) => join(out, output));
    return { name, file, image, inputs: [file], outputs, prompt: lookFor[0]?.sentences, lookFor };
  });
}

/** The facts of a pseudo-label; images that were found elsewhere by an earlier run, such as from another folder, are where they are now. */
async function factsOf(out: string, { name, file }: PromptedImage): Promise<FactsFile> {
  const known = await readFacts(out, name);
  if (known.file === file) return known;
  const moved = { ...known, file };
  await writeFacts(out, moved);
  return moved;
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function isGray({ data }: Image): boolean {
  for (let i = 0; i < data.length; i += 3) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  return true;
}
