import { droppedMessage, type EncodedPairs, encodePairs, loadPairs, type Pair, PairWorkers } from "../../data/index.ts";
import { ConfigError, InputError } from "../../errors.ts";
import { requireWritable, writeAtomic } from "../../files/atomic-write.ts";
import {
  type Accuracy,
  type BatchRetrieval,
  batchRetrieval,
  type PairFeatures,
  pairRanks,
  type RankSummary,
  summariseRanks,
  type WholeSetOptions,
} from "../../metrics/retrieval/index.ts";
import { type ClipModel, pairFlops } from "../../models/clip/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { gemmSpeed } from "../../run/gemm-speed.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { secondsOf, shortSeconds } from "../../run/time-estimate.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { tensor } from "../../tensor/tensor.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { sessionOptions } from "../models/models-of-run.ts";
import { pairWarnings } from "../pair-warnings.ts";
import { modePresets } from "../settings.ts";
import { alignedLines } from "../text-table.ts";
import { imageFeatures, textFeatures } from "./pair-features.ts";
import type { RetrieveSettings } from "./settings.ts";

/** Retrieval scores, as written by `--json`. */
export interface RetrievalResult {
  readonly pairs: number;
  /** Null if the pairs do not fill a batch. */
  readonly batches: BatchRetrieval | null;
  readonly wholeSet: { readonly imageToText: RankSummary; readonly textToImage: RankSummary };
}

/**
 * `medclip-sam retrieve`: image-to-text and text-to-image retrieval with a CLIP model.
 *
 * A pair whose image is missing or cannot be decoded is reported and skipped.
 *
 * @returns the scores; nothing after a dry run
 * @throws InputError when no pair is left
 */
export async function* runRetrieve(
  settings: RetrieveSettings,
  { signal }: StopOptions = {},
): AsyncGenerator<RunEvent, RetrievalResult | undefined> {
  const begun = performance.now();
  yield { type: "stage", message: "reading the pairs" };
  const captions = settings.captions ?? modePresets[settings.mode].captions;
  const set = await loadPairs(settings.pairs, { ...settings, captions });
  if (settings.json !== undefined && !settings.dryRun) await requireWritable(settings.json, settings.pairs);
  yield { type: "stage", message: "opening the model" };
  const { session, notices, warnings } = await sessionOptions(settings);
  for (const message of warnings) yield { type: "warning", message };
  const model = await loadClip(settings.clip, settings.clipConfig, session);
  for (const message of modelWarnings(model, "crop")) yield { type: "warning", message };
  const { clip, clipFiles } = model;
  const { contextLength } = clip.config;
  const workers = await PairWorkers.open({ tokenizer: clipFiles.tokenizer, contextLength, workers: settings.workers });
  const work = async function* (): AsyncGenerator<RunEvent, RetrievalResult | undefined> {
    const data = await encodePairs(set.pairs, workers);
    const broken = set.dropped.filter(({ kind }) => kind === "input");
    yield { type: "start", command: "retrieve", total: set.pairs.length + broken.length, done: 0 };
    for (const pair of broken) yield { type: "failure", name: pair.key, message: droppedMessage(pair), code: "input" };
    let failed = broken.length;
    for (const message of pairWarnings(set, { truncated: data.truncated, contextLength, tokenizer: model.tokenizer })) {
      yield { type: "warning", message };
    }
    if (settings.dryRun) {
      yield { type: "end", done: 0, skipped: 0, failed, ms: 0, lines: await expectation(clip, data, session) };
      return undefined;
    }

    const used: Pair[] = [];
    const images: Float32Array[] = [];
    let started = performance.now();
    for await (const { pairs, features, dropped } of imageFeatures(clip, data, workers, { mode: settings.mode, signal })) {
      for (const { key, detail } of dropped) yield { type: "failure", name: key, message: detail!, code: "input" };
      failed += dropped.length;
      for (const pair of pairs) used.push(pair);
      images.push(features);
      const ms = Math.round((performance.now() - started) / pairs.length);
      for (const { key } of pairs) yield { type: "item", name: key, ms, warnings: [] };
      started = performance.now();
    }
    if (used.length === 0) throw new InputError("retrieve: no image could be decoded");
    yield { type: "stage", message: `embedding ${used.length} captions` };
    const idsOf = new Map(data.keys.map((key, i) => [key, data.ids[i]!]));
    const texts = await textFeatures(
      clip,
      used.map(({ key }) => idsOf.get(key)!),
      signal,
    );
    yield { type: "stage", message: "ranking" };
    const shape = [used.length, clip.config.embed];
    const features = {
      image: tensor("float32", shape, joined(images)),
      text: tensor("float32", shape, texts as Float32Array<ArrayBuffer>),
    };
    const result = yield* scores(features, settings, { ...session, ...(signal && { signal }) });
    if (settings.json !== undefined) {
      await writeAtomic(
        settings.json,
        `${JSON.stringify({ ...result, dropped: set.reasons, undecodable: failed - broken.length, ...(notices.length > 0 && { notices }), settings }, null, 1)}\n`,
      );
    }
    const ms = Math.round(performance.now() - begun);
    yield { type: "end", done: used.length, skipped: 0, failed, ms, lines: tableOf(result, settings) };
    return result;
  };
  return yield* streamThenDispose(work, workers, clip);
}

/** Describes a run and estimates its time. */
async function expectation(clip: ClipModel, { pairs, lengths }: EncodedPairs, session: SessionOptions): Promise<string[]> {
  const { weights, config } = clip;
  const tokens = Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
  const flops = pairFlops(weights, config, tokens);
  const speed = await gemmSpeed(session);
  const ranking = 2 * pairs.length ** 2 * config.embed; // every image with every text
  return [
    `${pairs.length} pairs, ${(flops / 1e9).toFixed(1)} GFLOP each on a machine with ${(speed / 1e9).toFixed(0)} GFLOP/s:`,
    `about ${shortSeconds(secondsOf(flops, speed))} a pair, ${shortSeconds(secondsOf(flops * pairs.length + ranking, speed))} in all (estimated). Nothing was written.`,
  ];
}

async function* scores(
  features: PairFeatures,
  settings: RetrieveSettings,
  options: WholeSetOptions,
): AsyncGenerator<RunEvent, RetrievalResult> {
  const { batch, shuffles, seed, keepPartial } = settings;
  let batches: BatchRetrieval | null = null;
  try {
    batches = await batchRetrieval(features, { ...options, batch, shuffles, seed, keepPartial });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield { type: "warning", message: error.message.replace(/^batchRetrieval: /, "") };
  }
  const ranks = await pairRanks(features, options);
  return {
    pairs: features.image.shape[0]!,
    batches,
    wholeSet: { imageToText: summariseRanks(ranks.imageToText), textToImage: summariseRanks(ranks.textToImage) },
  };
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Both protocols as a readable table. */
function tableOf({ pairs, batches, wholeSet }: RetrievalResult, { batch, shuffles }: RetrieveSettings): string[] {
  const rows: string[][] = [["", "image to text", "text to image", "both"]];
  const spread = ({ mean, std }: Accuracy) => (std === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${std.toFixed(4)}`);
  if (batches) {
    for (const top of ["top1", "top2"] as const) {
      const cells = [batches.imageToText, batches.textToImage, batches.both].map((direction) => spread(direction[top]));
      rows.push([`${top.replace("top", "top-")} of ${batch}`, ...cells]);
    }
  }
  const { imageToText: forward, textToImage: backward } = wholeSet;
  const both = (name: string, value: (summary: RankSummary) => number, digits: number) => {
    const [there, back] = [value(forward), value(backward)];
    rows.push([name, there.toFixed(digits), back.toFixed(digits), ((there + back) / 2).toFixed(digits)]);
  };
  for (const k of [1, 5, 10] as const) both(`R@${k} of ${pairs}`, ({ recall }) => recall[k], 4);
  both("mean rank", ({ meanRank }) => meanRank, 1);
  both("median rank", ({ medianRank }) => medianRank, 1);
  const lines = alignedLines(rows);
  if (!batches) return lines;
  const left = batches.leftOut > 0 ? `; ${batches.leftOut} that do not fill a batch are left out of each` : "";
  const deviation = shuffles > 1 ? "; ± is the standard deviation over the shuffles (n - 1)" : "";
  return [
    ...lines,
    `top-k: ${shuffles} ${shuffles === 1 ? "shuffle" : "shuffles"} into batches of ${batch}, ${batches.queries} queries${left}${deviation}`,
  ];
}
