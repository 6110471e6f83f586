import type { Image, Mask } from "../../../image/index.ts";
import { type ImageEmbedding, noisedEmbedding } from "../../../segment/index.ts";
import { normal } from "../../../tensor/random.ts";
import { thenDispose } from "../../../then-dispose.ts";
import type { PromptableModel, TextImageModel } from "../../models/model-content.ts";
import type { Found } from "../../zero-shot/steps/found.ts";
import { type CoarseInput, type RefineResult, RefineStep, stepWarnings } from "../../zero-shot/steps/refine-step.ts";
import { SaliencyStep } from "../../zero-shot/steps/saliency-step.ts";
import { ZeroShotSteps } from "../../zero-shot/zero-shot-steps.ts";
import type { WeakPseudoLabelSettings } from "./settings.ts";

type LabellerSettings = Omit<WeakPseudoLabelSettings, "inputs" | "out" | "overwrite" | "dryRun">;

/** A pseudo-label with the masks by which it is judged. */
export interface MadeLabel extends RefineResult {
  /** The mask itself, and those of other noise streams, or of each wording alone; empty if there is nothing to compare. */
  readonly members: readonly Mask[];
  readonly perturbed: readonly Mask[];
}

/**
 * Makes pseudo-labels: the masks of the zero-shot pipeline, and how much they change with what should not matter.
 *
 * - members: other noise streams of the saliency method, and each wording alone
 * - perturbed: the same visual prompts on SAM's image embedding with Gaussian noise, of `embeddingNoise` times its standard deviation
 */
export class Labeller {
  readonly saliency: SaliencyStep;
  private readonly promptable: PromptableModel;
  private readonly settings: LabellerSettings;

  constructor(text: TextImageModel, promptable: PromptableModel, settings: LabellerSettings) {
    this.saliency = new SaliencyStep(text, settings);
    this.promptable = promptable;
    this.settings = settings;
  }

  /** How many saliency maps and masks an image with so many wordings has. */
  mapsOf(wordings: number): number {
    return 1 + (wordings > 1 ? wordings : 0) + (this.saliency.method.noise ? this.settings.seeds - 1 : 0);
  }

  /**
   * @param prompt - wordings of the text prompt
   * @param name - selects the streams of all noise
   */
  async label(image: Image, prompt: readonly string[], name: string): Promise<MadeLabel> {
    const { perturbations } = this.settings;
    const wordings = prompt.length > 1 ? prompt.map((one) => [one]) : [];
    const maps = await this.saliency.run(image, name, [prompt, ...wordings], {});
    const streams = this.saliency.method.noise ? this.settings.seeds : 1;
    for (let k = 1; k < streams; k++) maps.push(...(await this.saliency.run(image, `${name}/seed ${k}`, [prompt], {})));
    let embedding: ImageEmbedding | undefined;
    const keep = async () => {
      embedding ??= await this.promptable.sam.setImage(image);
      return embedding;
    };
    const steps = new ZeroShotSteps(
      this.saliency,
      new RefineStep(this.promptable, this.settings, keep),
      this.settings,
      this.promptable.sam.options,
    );
    const [first, ...others] = (await thenDispose(() => steps.masksOf(image, name, maps, {}), steps)) as [Found, ...Found[]];
    const { map, cut, refined: own } = first;
    const input = { coarse: cut.coarse, isAbsent: map.isAbsent };
    const perturbed: Mask[] = [];
    if (embedding !== undefined && own.boxes.length + own.points.length > 0) {
      for (let k = 0; k < perturbations; k++) perturbed.push(await this.perturbed(image, input, embedding, name, k));
    }
    const members = others.length > 0 ? [own.mask, ...others.map(({ refined }) => refined.mask)] : [];
    return { ...own, warnings: stepWarnings(map, cut, own), members, perturbed };
  }

  private async perturbed(image: Image, input: CoarseInput, embedding: ImageEmbedding, name: string, k: number): Promise<Mask> {
    const noise = normal(`perturbation ${k}/${name}`, this.settings.seed, embedding.values.data.length);
    const noised = noisedEmbedding(embedding, this.settings.embeddingNoise, noise);
    const [{ mask }] = (await new RefineStep(this.promptable, this.settings, async () => noised).run(image, [input], name, {})) as [
      RefineResult,
    ];
    return mask;
  }

  async dispose(): Promise<void> {
    await this.saliency.dispose();
  }
}
