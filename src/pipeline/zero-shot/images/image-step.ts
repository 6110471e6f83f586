import { areaPx, blankWarnings, type Image, turnBack } from "../../../image/index.ts";
import { logitsSideOf } from "../../../models/sam/index.ts";
import { type ResultPlace, type TargetFolder, targetFile } from "../../../results/layout.ts";
import { writeGray, writeMask } from "../../../results/png.ts";
import type { ResultWriter } from "../../../results/result-writer.ts";
import { resultWriters } from "../../../results/writers.ts";
import type { Outcome } from "../../../run/items.ts";
import { type DecodedImage, decodeInput } from "../../../scans/decode-image.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import type { View } from "../../../scans/sources/image-source.ts";
import { probabilityLevels } from "../../../segment/index.ts";
import type { Target } from "../../../targets/target.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { PromptableModel, TextImageModel } from "../../models/model-content.ts";
import type { SegmentSettings } from "../settings/commands.ts";
import { isMadeConsistent } from "../settings/scans.ts";
import { type Found, isAbsent } from "../steps/found.ts";
import { stepWarnings } from "../steps/refine-step.ts";
import { similarMaskWarnings } from "../steps/similar-masks.ts";
import { type StageTimes, timed } from "../steps/stage-times.ts";
import { noPrompt } from "../targets/text-prompts.ts";
import type { ZeroShotSteps } from "../zero-shot-steps.ts";
import { outcomeOf, refinedRecord, sourceRecord, streamName, summaryOf, type TargetItem } from "./items.ts";
import { boxNumbers, rawRefined, rawSaliency, writeRaw } from "./raw-file.ts";
import { givenGeometry, writeMasks } from "./write-masks.ts";

/** The steps of an image, with their models. */
interface Steps {
  readonly steps: ZeroShotSteps;
  readonly text: TextImageModel;
  readonly promptable: PromptableModel;
}

interface ImageStepOptions {
  readonly view: View;
  /** All targets of the run. */
  readonly all: readonly Target[];
  /** Instead of the seeded noise of each image. */
  readonly noise: Tensor<"float32"> | undefined;
  /** Notice that is drawn into overlays. */
  readonly label: string | undefined;
  /** Whether each model is closed before the next one runs, to save memory. */
  readonly oneModelAtATime: boolean;
}

/** What the steps found of a target in an image. */
interface FoundInImage extends Found {
  readonly target: Target;
}

/** The writer of an image's masks: those of slices are not the result where their volume is made consistent. */
const writerOf = ({ frame }: ImageInput, settings: SegmentSettings): ResultWriter =>
  frame && isMadeConsistent(frame.scan, settings) ? resultWriters.slices : resultWriters.png;

/** Files that exist when an image is finished. */
export function imageFiles(image: ImageInput, place: ResultPlace, targets: readonly Target[], settings: SegmentSettings): string[] {
  const folders: readonly TargetFolder[] = [
    "saliency",
    "coarse",
    ...(settings.fractional ? (["probabilities"] as const) : []),
    ...(settings.raw ? (["raw"] as const) : []),
  ];
  const ofTargets = targets.flatMap((target) => folders.map((folder) => targetFile(folder, target, place)));
  return [...ofTargets, ...writerOf(image, settings).filesOf(place, targets)];
}

/** All steps of `segment` for one image: map, coarse mask and mask of each target, and their files. */
export class ImageStep {
  private readonly steps: Steps;
  private readonly settings: SegmentSettings;
  private readonly options: ImageStepOptions;

  constructor(steps: Steps, settings: SegmentSettings, options: ImageStepOptions) {
    this.steps = steps;
    this.settings = settings;
    this.options = options;
  }

  /** @throws InputError when the image has no text prompt, or cannot be read */
  async run({ name, image: input, lookFor }: TargetItem): Promise<Outcome> {
    if (lookFor.length === 0) throw noPrompt(input, this.settings);
    const ms: StageTimes = {};
    const decoded = await timed(ms, "decode", () => decodeInput(input, this.options.view));
    const { image, warnings, display, orientation = 1, geometry = givenGeometry(this.settings) } = decoded;
    const found = await this.find(image, input, lookFor, ms);
    const place = { out: this.settings.out, name, all: this.options.all };
    await timed(ms, "write", () => this.write(place, input, { ...decoded, ...(geometry && { geometry }) }, found));
    const { window } = found[0]!.map;
    const outcome = outcomeOf(
      found.map((one) => {
        const { target, map, cut, refined, presence } = one;
        const ofMask = refinedRecord(refined, geometry?.spacing);
        const level = cut.level !== undefined && { level: cut.level };
        return {
          target,
          record: {
            prompt: target.sentences,
            absent: isAbsent(one) || undefined,
            ...(presence && { presence }),
            confidence: map.confidence,
            ...level,
            coarseAreaPx: areaPx(cut.coarse),
            ...ofMask,
          },
          warnings: stepWarnings(map, cut, refined),
          summary: summaryOf(ofMask),
        };
      }),
    );
    return {
      record: {
        ...sourceRecord(input, image, display),
        ...(orientation > 1 && { orientation }),
        ...(window && { window: boxNumbers(window) }),
        ...(this.settings.classAware !== undefined && { classAware: true }),
        ...outcome.record,
        ms,
      },
      warnings: [
        ...warnings,
        ...blankWarnings(image),
        ...similarMaskWarnings(found.map(({ target, refined }) => ({ target, mask: refined.mask }))),
        ...outcome.warnings,
      ],
      summary: outcome.summary,
    };
  }

  private async find(image: Image, input: ImageInput, lookFor: readonly Target[], ms: StageTimes): Promise<FoundInImage[]> {
    const { steps, text, promptable } = this.steps;
    const { noise, oneModelAtATime } = this.options;
    const releases = {
      clip: () => Promise.all([steps.saliency.dispose(), text.clip.dispose()]),
      sam: () => promptable.sam.release(),
    };
    const texts = lookFor.map(({ sentences }) => sentences);
    const found = await steps.run(image, streamName(input), texts, ms, { noise, ...(oneModelAtATime && { releases }) });
    return lookFor.map((target, i) => ({ target, ...found[i]! }));
  }

  /** Maps and masks lie as the file stores its pixels; the overlay and the raw arrays as the image was seen. */
  private async write(
    place: ResultPlace,
    input: ImageInput,
    { image, geometry, orientation = 1 }: Pick<DecodedImage, "image" | "geometry" | "orientation">,
    found: readonly FoundInImage[],
  ): Promise<void> {
    const { config, enlarge } = this.steps.promptable.sam;
    for (const { target, map, cut, refined } of found) {
      await writeGray(targetFile("saliency", target, place), turnBack(map.gray, orientation));
      await writeMask(targetFile("coarse", target, place), turnBack(cut.coarse, orientation));
      if (this.settings.fractional) {
        const levels = probabilityLevels(refined, enlarge);
        await writeGray(targetFile("probabilities", target, place), turnBack(levels, orientation));
      }
      if (!this.settings.raw) continue;
      const arrays = { ...rawSaliency(map.saliency, map.capacity), ...rawRefined(refined, logitsSideOf(config)) };
      await writeRaw(targetFile("raw", target, place), arrays);
    }
    const targets = found.map(({ target, map, cut, refined }) => ({ target, saliency: map.gray, coarse: cut.coarse, ...refined }));
    const result = { image, geometry, targets, orientation, note: this.options.label };
    await writeMasks(place, result, enlarge, writerOf(input, this.settings));
  }
}
