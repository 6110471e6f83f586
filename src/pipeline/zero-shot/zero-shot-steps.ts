import type { Image } from "../../image/index.ts";
import type { Calibration, Evidence } from "../../presence/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { CommonSettings } from "../settings.ts";
import type { Baseline, BaselineSettings } from "./baselines/baseline.ts";
import { baselineOf } from "./baselines/baselines.ts";
import { PresenceStep } from "./presence/presence-step.ts";
import type { CoarseSettings } from "./settings/coarse.ts";
import type { AffinitySettings } from "./settings/saliency.ts";
import { AffinityStep } from "./steps/affinity-step.ts";
import { coarseStep } from "./steps/coarse-step.ts";
import type { Found } from "./steps/found.ts";
import type { EmbeddingOfImage } from "./steps/image-embedding.ts";
import type { RefineStep } from "./steps/refine-step.ts";
import type { SaliencyResult, SaliencyStep } from "./steps/saliency-step.ts";
import type { StageTimes } from "./steps/stage-times.ts";

type StepsSettings = CoarseSettings & AffinitySettings & BaselineSettings & Pick<CommonSettings, "mode" | "seed">;

/** What is done between and after the steps, to save memory. */
export interface Releases {
  /** After the maps, before SAM runs. */
  clip(): Promise<unknown>;
  /** After the masks. */
  sam(): Promise<unknown>;
}

/**
 * The zero-shot pipeline on one image: saliency maps, coarse masks and masks of its targets. Each model encodes the image once, however many
 * targets there are.
 */
export class ZeroShotSteps {
  readonly saliency: SaliencyStep;
  readonly refine: RefineStep;
  private readonly settings: StepsSettings;
  private readonly affinity: AffinityStep | undefined;
  private readonly calibration: Calibration | undefined;
  private readonly baseline: Baseline | undefined;

  constructor(
    saliency: SaliencyStep,
    refine: RefineStep,
    settings: StepsSettings,
    { calibration, ...options }: SessionOptions & { readonly calibration?: Calibration | undefined } = {},
  ) {
    this.saliency = saliency;
    this.refine = refine;
    this.settings = settings;
    this.calibration = calibration;
    this.baseline = baselineOf(settings, { text: saliency.model, mask: refine.model, texts: saliency });
    this.affinity = settings.samAffinity ? new AffinityStep(options) : undefined;
  }

  /**
   * @param fileName - selects the streams of noise and points
   * @param texts - the text prompts of each target
   * @param options - `noise` replaces the seeded noise
   */
  async run(
    image: Image,
    fileName: string,
    texts: readonly (readonly string[])[],
    ms: StageTimes,
    { noise, releases }: { readonly noise?: Tensor<"float32"> | undefined; readonly releases?: Releases | undefined } = {},
  ): Promise<Found[]> {
    if (this.baseline) return await this.withBaseline(this.baseline, image, fileName, texts, ms, releases);
    const maps = await this.saliency.run(image, fileName, texts, ms, noise);
    await releases?.clip();
    const embedding = this.refine.embeddingOf(image, ms);
    const found = await this.masksOf(image, fileName, maps, ms, embedding);
    const judged = await this.judged(image, fileName, texts, found, embedding, ms);
    await releases?.sam();
    return judged;
  }

  /** Maps and coarse masks of a baseline, and the masks that follow. No calibration was made for them. */
  private async withBaseline(
    baseline: Baseline,
    image: Image,
    fileName: string,
    texts: readonly (readonly string[])[],
    ms: StageTimes,
    releases: Releases | undefined,
  ): Promise<Found[]> {
    const embedding = this.refine.embeddingOf(image, ms);
    const located = await baseline.locate(image, texts, embedding, ms);
    await releases?.clip();
    const inputs = located.map(({ cut: { coarse } }) => ({ coarse, isAbsent: false }));
    const masks = await this.refine.run(image, inputs, fileName, ms, embedding);
    await releases?.sam();
    return located.map((one, i) => ({ ...one, refined: masks[i]! }));
  }

  /** All that follows the saliency maps. */
  async masksOf(
    image: Image,
    fileName: string,
    given: readonly SaliencyResult[],
    ms: StageTimes,
    embedding = this.refine.embeddingOf(image, ms),
  ): Promise<Found[]> {
    const isAbsolute = this.saliency.method.presence !== undefined;
    const maps = this.affinity ? await this.affinity.run(given, embedding, isAbsolute, ms) : given;
    const cuts = maps.map((map) => coarseStep(map.gray, image, map.window, this.settings));
    const inputs = cuts.map(({ coarse }, i) => ({ coarse, isAbsent: maps[i]!.isAbsent }));
    const masks = await this.refine.run(image, inputs, fileName, ms, embedding);
    return maps.map((map, i) => ({ map, cut: cuts[i]!, refined: masks[i]! }));
  }

  /** What speaks for each target being present, for a calibration. */
  async evidence(image: Image, fileName: string, texts: readonly (readonly string[])[], ms: StageTimes): Promise<(Evidence | undefined)[]> {
    const maps = await this.saliency.run(image, fileName, texts, ms);
    const embedding = this.refine.embeddingOf(image, ms);
    const found = await this.masksOf(image, fileName, maps, ms, embedding);
    return await new PresenceStep(this.saliency, this.refine, this.settings).evidenceOf(image, fileName, texts, found, embedding, ms);
  }

  /** Empties the masks of targets that the image does not show, by the calibration, if there is one. */
  private async judged(
    image: Image,
    fileName: string,
    texts: readonly (readonly string[])[],
    found: Found[],
    embedding: EmbeddingOfImage,
    ms: StageTimes,
  ): Promise<Found[]> {
    const { calibration } = this;
    if (!calibration) return found;
    const presence = new PresenceStep(this.saliency, this.refine, this.settings);
    const evidence = await presence.evidenceOf(image, fileName, texts, found, embedding, ms);
    return found.map((one, i) => presence.judged(one, evidence[i], calibration));
  }

  /** Frees what belongs to the steps between the models'. */
  async dispose(): Promise<void> {
    await this.affinity?.dispose();
  }
}
