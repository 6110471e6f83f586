import { uniform } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { type AugmentationMode, PatchAugmenter } from "./augmentation.ts";
import type { TrainingCase } from "./case.ts";
import type { CaseSource } from "./case-source.ts";
import { type Crop, cropCase, drawCorner } from "./crop.ts";
import { lowerTarget } from "./lower-targets.ts";
import { type Extent, firstForced, initialPatchSize } from "./patches.ts";

/** A batch of patches. */
export interface PatchBatch {
  /** [B, C, h, w] */
  readonly images: Tensor<"float32">;
  /** Label maps [B, 1, h, w] of the supervised heads, full size first. */
  readonly targets: readonly Tensor<"int16">[];
  /** [B], how much each patch counts. */
  readonly weights: Tensor<"float32">;
  /** Names of the cases. */
  readonly names: readonly string[];
}

/** How batches are made. Plain data, which can be handed to a thread. */
export interface BatchPlan {
  readonly seed: number;
  /** Patches in a batch. */
  readonly batch: number;
  readonly channels: number;
  readonly patch: Extent;
  /** For each supervised head how many pixels of the patch one of its pixels stands for, full size ([1, 1]) first. */
  readonly targetStrides: readonly Extent[];
  readonly mode: AugmentationMode;
  /** Channels that are 0 where the label is below 0, as they were normalised over the other pixels alone. */
  readonly maskedChannels: readonly boolean[];
}

/** A batch by its place in the training. */
export type BatchPlace =
  | { readonly set: "training" /** Counted from 0 over the whole run. */; readonly step: number }
  | { readonly set: "validation" /** Both counted from 0. */; readonly epoch: number; readonly index: number };

/** The cases of a training. */
export interface CaseSets<S extends CaseSource = CaseSource> {
  readonly training: S;
  /** Absent: there is no validation set. */
  readonly validation?: S | undefined;
}

/** Makes batches. Each depends on the cases, the plan and its place alone. */
export class BatchMaker {
  private readonly sets: CaseSets;
  private readonly plan: BatchPlan;
  private readonly augmenter: PatchAugmenter;

  constructor(sets: CaseSets, plan: BatchPlan) {
    this.sets = sets;
    this.plan = plan;
    this.augmenter = new PatchAugmenter(plan);
  }

  /**
   * The batch of a place: cases are drawn with replacement, and the last third of the batch must contain foreground. Patches of the training
   * set are augmented, those of the validation set are not.
   */
  async make(place: BatchPlace): Promise<PatchBatch> {
    const { batch, patch, seed } = this.plan;
    const source = this.sets[place.set]!;
    const forced = firstForced(batch);
    const name = place.set === "training" ? `patch/${place.step}` : `validation/${place.epoch}/${place.index}`;
    const drawn: { readonly one: TrainingCase; readonly patch: Crop }[] = [];
    for (let item = 0; item < batch; item++) {
      const u = uniform(`${name}/${item}`, seed);
      const one = await source.read(Math.floor(u.at(0) * source.count));
      const isForced = item >= forced;
      const draws = { at: (index: number) => u.at(1 + index) };
      if (place.set === "training") {
        const crop = this.crop(one, draws, isForced, initialPatchSize(patch));
        drawn.push({ one, patch: this.masked(this.augmenter.apply(crop, this.augmenter.draw(place.step, item, seed))) });
      } else drawn.push({ one, patch: this.crop(one, draws, isForced, patch) });
    }
    return this.assembled(drawn);
  }

  private crop(one: TrainingCase, u: { at(index: number): number }, isForced: boolean, initial: Extent): Crop {
    return cropCase(one, drawCorner(one, u, { initial, final: this.plan.patch, isForced }), initial);
  }

  private masked(crop: Crop): Crop {
    if (!this.plan.maskedChannels.some(Boolean)) return crop;
    const { data: labels } = crop.labels;
    const data = crop.image.data.slice();
    for (const [c, isMasked] of this.plan.maskedChannels.entries()) {
      if (!isMasked) continue;
      for (let i = 0; i < labels.length; i++) if (labels[i]! < 0) data[c * labels.length + i] = 0;
    }
    return { ...crop, image: { ...crop.image, data } };
  }

  private assembled(drawn: readonly { readonly one: TrainingCase; readonly patch: Crop }[]): PatchBatch {
    const { channels, patch, targetStrides } = this.plan;
    const [rows, columns] = patch;
    const images = new Float32Array(drawn.length * channels * rows * columns);
    const targets = targetStrides.map(([down, across]) => {
      const size = [Math.floor(rows / down), Math.floor(columns / across)] as const;
      return tensor("int16", [drawn.length, 1, ...size], new Int16Array(drawn.length * size[0] * size[1]));
    });
    for (const [b, { patch: one }] of drawn.entries()) {
      images.set(one.image.data, b * channels * rows * columns);
      // Outside of the image is background.
      const labels = { ...one.labels, data: one.labels.data.map((label) => Math.max(0, label)) };
      for (const [i, { data }] of targets.entries()) {
        const lower = lowerTarget(labels, targetStrides[i]!);
        data.set(lower.data, b * lower.data.length);
      }
    }
    return {
      images: tensor("float32", [drawn.length, channels, rows, columns], images),
      targets,
      weights: tensor(
        "float32",
        [drawn.length],
        Float32Array.from(drawn, ({ one }) => one.weight),
      ),
      names: drawn.map(({ one }) => one.name),
    };
  }
}
