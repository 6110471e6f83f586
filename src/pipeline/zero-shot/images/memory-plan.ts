import { stat } from "node:fs/promises";
import { ConfigError } from "../../../errors.ts";
import { locateSam } from "../../../hub/locate.ts";
import { saliencyMethods } from "../../../saliency/index.ts";
import type { SamOptions } from "../../../segment/index.ts";
import type { SaliencySettings } from "../settings/saliency.ts";
import { shortDecimal } from "../steps/short-decimal.ts";

/** How a run stays below a memory limit. */
export interface MemoryPlan {
  /** Session options that differ from the defaults. */
  readonly options: Pick<SamOptions, "prepack" | "queriesAChunk" | "boxesACall">;
  /** Whether the sessions of one model are closed before the other model runs; they are reopened for the next image. */
  readonly oneModelAtATime: boolean;
  /** Description of the plan for the user. */
  readonly words: string;
}

/** From the fastest to the smallest. The first two give identical results; without prepacking the last digits differ. */
const plans: readonly MemoryPlan[] = [
  { words: "no reduction is needed", options: {}, oneModelAtATime: false },
  { words: "one model at a time", options: {}, oneModelAtATime: true },
  {
    words: "one model at a time, weights without prepacking, attention in small chunks",
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

/** Memory of the process itself, counted once when both steps hold their sessions at the same time. */
const idle = 0.2 * GB;

/**
 * Peak resident memory of the worker process (VmHWM; images of a quarter of a megapixel; Linux, ONNX Runtime 1.30, 2 threads) plus 5 %.
 * Larger images need more.
 * A step uses the first row whose weights are at least as large as its own; smaller models need less.
 */
const samPeaks: readonly (Peaks & { readonly weights: number })[] = [
  { weights: 400 * MB, prepacked: 1.39 * GB, smallest: 1.18 * GB }, // ViT-B, 375 MB
  { weights: 1300 * MB, prepacked: 2.47 * GB, smallest: 2.22 * GB }, // ViT-L, 1250 MB
  { weights: Number.POSITIVE_INFINITY, prepacked: 3.99 * GB, smallest: 3.73 * GB }, // ViT-H, 2564 MB
];

/** The same for the saliency method with BiomedCLIP. */
function saliencyPeaks({ saliencyMethod, ...settings }: SaliencyNeeds): Peaks {
  const { prepacked, smallest } = saliencyMethods[saliencyMethod].memory(settings);
  return { prepacked: 1.05 * MB * prepacked, smallest: 1.05 * MB * smallest };
}

/** Settings of the saliency method: those of the step without its inputs. */
type SaliencyNeeds = Omit<SaliencySettings, "pack" | "clip" | "clipConfig" | "fit" | "noise">;

/** The parts of a run that need memory. */
export interface MemoryNeeds {
  /** Present if the run computes saliency maps. */
  readonly saliency?: SaliencyNeeds;
  /** The SAM model as named by the user, if the run uses one. */
  readonly sam?: string | undefined;
}

/**
 * The fastest plan below a limit, by measured peaks.
 *
 * @param limit - "2GB", "1500MB"; undefined for no limit
 * @returns the plan, and a message about it if there is a limit
 * @throws ConfigError when the limit is malformed or cannot be met
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
    const about = shortDecimal(peak / GB, 1, (shown) => shown * GB <= bytes);
    return { plan, message: `at most ${limit}: ${plan.words}, which takes about ${about} GB` };
  }
  const least = gigabytes(peakOf(plans.at(-1)!, steps));
  throw new ConfigError(`--max-memory ${limit} cannot be met: these models and settings need at least about ${least}.`);
}

function peakOf(plan: MemoryPlan, steps: readonly Peaks[]): number {
  const peaks = steps.map(({ prepacked, smallest }) => (plan.options.prepack === false ? smallest : prepacked));
  if (plan.oneModelAtATime) return Math.max(...peaks);
  return peaks.reduce((sum, peak) => sum + peak - idle, idle);
}

/** Decimal units (MB, GB); MiB and GiB are accepted, too. */
const units: Readonly<Record<string, number>> = { GB, MB, GiB: 2 ** 30, MiB: 2 ** 20 };

function bytesOf(limit: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([GM]i?B)$/.exec(limit) ?? [];
  if (number === undefined) throw new ConfigError(`--max-memory: expected a size such as 2GB or 1500MB, got ${JSON.stringify(limit)}`);
  return Number(number) * units[unit!]!;
}

function gigabytes(bytes: number): string {
  return `${(Math.ceil(bytes / (0.1 * GB)) / 10).toFixed(1)} GB`;
}
