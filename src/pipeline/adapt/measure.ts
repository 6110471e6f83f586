import { join } from "node:path";
import { z } from "zod";
import { throwIfCancelled } from "../../errors.ts";
import { scoresOf } from "../../metrics/evaluate.ts";
import { bootstrapMean, mean } from "../../metrics/index.ts";
import { readMask } from "../../scans/read-mask.ts";
import type { SamOptions } from "../../segment/index.ts";
import { thenDispose } from "../../then-dispose.ts";
import { loadPack, segmentTargets } from "../zero-shot/library/of-files.ts";
import type { AdaptImage } from "./images.ts";

const Share = z.object({ asked: z.number(), empty: z.number() });

/** What a pack finds in held-out images. */
export const PackScores = z.object({
  /** Each image that shows the target. */
  images: z.array(z.object({ name: z.string(), dsc: z.number(), surfaceNsd: z.number(), isEmpty: z.boolean() })),
  /** Masks of the images that do not show it, and how many of them are empty. */
  withoutTarget: Share,
  /** The same of sentences about what no image shows. */
  absent: Share,
});
export type PackScores = z.infer<typeof PackScores>;

/** Images, and what is asked of each. */
export interface Questions {
  readonly images: readonly AdaptImage[];
  /** Folder below which their masks lie. */
  readonly work: string;
  readonly prompts: readonly string[];
  /** Sentences about what no image shows. */
  readonly absent: readonly string[];
}

/** Segments images with a pack and its settings, as `segment` does, and compares the masks with the user's. */
export async function measurePack(
  pack: string,
  { images, work, prompts, absent }: Questions,
  { signal, ...session }: SamOptions & { readonly signal?: AbortSignal | undefined },
): Promise<PackScores> {
  const model = await loadPack(pack, session);
  const asked = { target: prompts, ...Object.fromEntries(absent.map((sentence, i) => [`absent-${i}`, [sentence]])) };
  const scores: PackScores = { images: [], withoutTarget: { asked: 0, empty: 0 }, absent: { asked: 0, empty: 0 } };
  return await thenDispose(async () => {
    for (const { name, file, mask, isShown } of images) {
      throwIfCancelled(signal);
      const { targets } = await segmentTargets(model, file, asked);
      const isEmpty = (target: string) => !targets[target]!.mask.data.includes(1);
      if (isShown) {
        const { mask: truth } = await readMask(join(work, mask));
        const { dsc, surfaceNsd } = scoresOf({ name, truth, prediction: targets.target!.mask });
        scores.images.push({ name, dsc, surfaceNsd, isEmpty: isEmpty("target") });
      } else count(scores.withoutTarget, isEmpty("target"));
      for (const i of absent.keys()) count(scores.absent, isEmpty(`absent-${i}`));
    }
    return scores;
  }, model);
}

function count(share: z.infer<typeof Share>, isEmpty: boolean): void {
  share.asked++;
  if (isEmpty) share.empty++;
}

/** A mean over images with its 95 % bootstrap interval. */
export interface MeanScore {
  readonly mean: number;
  /** Number of images. */
  readonly n: number;
  readonly ci95: readonly [number, number];
}

/** A metric before and after, and the mean of the differences of each image. */
export interface Gain {
  readonly before: MeanScore;
  readonly after: MeanScore;
  readonly gain: MeanScore;
}

/** How a metric changes; undefined where no image shows the target. */
export function gainOf(before: PackScores, after: PackScores, metric: "dsc" | "surfaceNsd", seed: number): Gain | undefined {
  const [was, is] = [before, after].map(({ images }) => images.map((image) => image[metric])) as [number[], number[]];
  if (was.length === 0) return undefined;
  const score = (values: readonly number[]): MeanScore => ({
    mean: mean(values),
    n: values.length,
    ci95: bootstrapMean(values, { name: metric, seed }),
  });
  return { before: score(was), after: score(is), gain: score(is.map((value, i) => value - was[i]!)) };
}
