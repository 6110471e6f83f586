import { stat } from "node:fs/promises";
import { ConfigError } from "../../errors.ts";
import { locateSam } from "../../hub/locate.ts";
import { saliencyMethods } from "../../saliency/index.ts";
import type { SamOptions } from "../../segment/index.ts";
import type { SaliencySettings } from "./settings.ts";

/** How a run keeps below a limit of memory. */
export interface MemoryPlan {
  /** Where they differ from the defaults: how sessions are opened and used. */
  readonly options: Pick<SamOptions, "prepack" | "queriesAChunk" | "boxesACall">;
  /** Whether the sessions of one model are let go before the other model works; they are opened again for the next image. */
  readonly oneModelAtATime: boolean;
  /** What the plan is called to the user. */
  readonly words: string;
}

/** From the fastest to the smallest. The first two give the same bits; without prepacking the last digits of numbers differ. */
const plans: readonly MemoryPlan[] = [
  { words: "nothing is given up", options: {}, oneModelAtATime: false },
  { words: "one model at a time", options: {}, oneModelAtATime: true },
  {
    words: "one model at a time, weights as they lie in the file, attention in small pieces",
    options: { prepack: false, queriesAChunk: 64, boxesACall: 1 },
    oneModelAtATime: true,
  },
];

/** Peak of a step in bytes: with prepacked weights, and by the smallest plan. */
interface Peaks {
  readonly prepacked: number;
  readonly smallest: number;
}

const MB = 1e6;
const GB = 1e9;

/** Of the process itself, which is counted once when two steps hold their sessions side by side. */
const idle = 0.2 * GB;

/**
 * Largest resident memory of the process that works (VmHWM; images of a quarter of a megapixel; Linux, ONNX Runtime 1.30, 2 threads),
 * 5 % added. Larger images take more.
 * A step takes the first row that its weights are not larger than; smaller models need less.
 */
const samPeaks: readonly (Peaks & { readonly weights: number })[] = [
  { weights: 400 * MB, prepacked: 1.39 * GB, smallest: 1.18 * GB }, // ViT-B, 375 MB
  { weights: 1300 * MB, prepacked: 2.47 * GB, smallest: 2.22 * GB }, // ViT-L, 1250 MB
  { weights: Number.POSITIVE_INFINITY, prepacked: 3.99 * GB, smallest: 3.73 * GB }, // ViT-H, 2564 MB
];

/** Of the saliency method with BiomedCLIP, 5 % added as above. */
function saliencyPeaks({ saliencyMethod, ...settings }: SaliencyNeeds): Peaks {
  const { prepacked, smallest } = saliencyMethods[saliencyMethod].memory(settings);
  return { prepacked: 1.05 * MB * prepacked, smallest: 1.05 * MB * smallest };
}

/** How the saliency method works. */
type SaliencyNeeds = Pick<SaliencySettings, "saliencyMethod" | "layer" | "samples" | "steps" | "fast" | "beta" | "lr" | "classToken">;

/** What takes memory in a run. */
export interface MemoryNeeds {
  /** Where the run makes saliency maps. */
  readonly saliency?: SaliencyNeeds;
  /** The SAM model as the user names it, where the run has one. */
  readonly sam?: string | undefined;
}

/**
 * The fastest way to work below a limit, by measured peaks.
 *
 * @param limit - "2GB", "1500MB"; undefined for no limit
 * @returns the plan, and a sentence about it where there is a limit
 * @throws ConfigError when the limit cannot be read or met
 */
export async function memoryPlan(limit: string | undefined, needs: MemoryNeeds): Promise<{ plan: MemoryPlan; message?: string }> {
  if (limit === undefined) return { plan: plans[0]! };
  const bytes = bytesOf(limit);
  const steps: Peaks[] = [];
  if (needs.saliency) steps.push(saliencyPeaks(needs.saliency));
  if (needs.sam !== undefined) {
    const parts = await Promise.all((await locateSam(needs.sam)).parts.map((file) => stat(file)));
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    steps.push(samPeaks.find(({ weights }) => size <= weights)!);
  }
  for (const plan of plans) {
    const peak = peakOf(plan, steps);
    if (peak > bytes) continue;
    return { plan, message: `at most ${limit}: ${plan.words}, which takes about ${gigabytes(peak)}` };
  }
  const least = gigabytes(peakOf(plans.at(-1)!, steps));
  throw new ConfigError(`--max-memory ${limit} cannot be met: with these models and settings the smallest way takes about ${least}.`);
}

function peakOf(plan: MemoryPlan, steps: readonly Peaks[]): number {
  const peaks = steps.map(({ prepacked, smallest }) => (plan.options.prepack === false ? smallest : prepacked));
  if (plan.oneModelAtATime) return Math.max(...peaks);
  return peaks.reduce((sum, peak) => sum + peak - idle, idle);
}

/** Decimal units, as disks and files are sold; GiB and MiB are read too. */
const units: Readonly<Record<string, number>> = { GB, MB, GiB: 2 ** 30, MiB: 2 ** 20 };

function bytesOf(limit: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([GM]i?B)$/.exec(limit) ?? [];
  if (number === undefined) throw new ConfigError(`--max-memory: expected a size such as 2GB or 1500MB, got ${JSON.stringify(limit)}`);
  return Number(number) * units[unit!]!;
}

function gigabytes(bytes: number): string {
  return `${(Math.ceil(bytes / (0.1 * GB)) / 10).toFixed(1)} GB`;
}
