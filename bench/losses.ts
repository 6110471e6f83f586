/**
 * Comparison of contrastive losses on a small model: the same image-caption pairs, split by case, the
 * same initial weights and number of epochs; retrieval on the test cases.
 *
 *     npm run bench:losses -- --pairs captions.csv --vocab vocab.txt [--epochs 14] [--seeds 3] [--batch 16 --batch 64] [--json losses.json]
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { encodePairs, epochOrder, loadPairs, PairWorkers, plainBatches, splitPairs } from "../src/data/index.ts";
import { initClip } from "../src/hub/init.ts";
import { locateClip } from "../src/hub/locate.ts";
import { bootstrapMean, mean, std } from "../src/metrics/index.ts";
import { batchRetrieval, pairRanks } from "../src/metrics/retrieval/index.ts";
import { clipPresets } from "../src/models/clip/index.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { ContrastiveSettings, ContrastiveTrainer, type TrainingPairs } from "../src/train/index.ts";

const { values: flags } = parseArgs({
  options: {
    pairs: { type: "string" },
    vocab: { type: "string" },
    caption: { type: "string", default: "caption" },
    image: { type: "string", default: "image" },
    group: { type: "string", default: "case" },
    epochs: { type: "string", default: "14" },
    seeds: { type: "string", default: "3" },
    batch: { type: "string", multiple: true, default: ["16", "64"] },
    threads: { type: "string", default: "1" },
    json: { type: "string" },
  },
});
if (!flags.pairs || !flags.vocab) throw new Error("--pairs FILE.csv and --vocab vocab.txt are needed");
const epochs = Number(flags.epochs);

/** A model that trains in seconds: 49 patches of 112 pixels, 6 blocks of 96; 4 text layers of 64. */
const tiny = clipPresets["biomedclip-tiny"]!;
const preset = { ...tiny, vision: { ...tiny.vision, imageSize: 112, depth: 6 }, contextLength: 64 };

/** All with the same temperature, and DHN-NCE with that of the paper as well; SigLIP and InfoNCE learn theirs from there, as published. */
const losses = {
  "InfoNCE, learned τ": { loss: "info-nce", temperature: 0.1, learnTemperature: true },
  "DCL, τ 0.1": { loss: "dcl", temperature: 0.1 },
  "HN-NCE, τ 0.1": { loss: "hn-nce", temperature: 0.1 },
  "DHN-NCE, τ 0.1": { loss: "dhn-nce", temperature: 0.1 },
  "DHN-NCE, τ 0.6": { loss: "dhn-nce", temperature: 0.6 },
  "SigLIP, learned τ": { loss: "siglip", temperature: 0.1, learnTemperature: true },
} as const;

/** A larger batch makes fewer steps from the same pairs. */
const batches = flags.batch.map(Number);
/** Higher ones learn the training pairs more slowly: at 1e-3 the loss falls half as far. */
const lr = 3e-4;

/** Scores of a trained model on the test pairs; ranks of all queries in both directions; losses of the last epoch. */
interface Run {
  readonly top1: number;
  readonly top2: number;
  readonly ranks: readonly number[];
  readonly losses: readonly number[];
}

const folder = await mkdtemp(join(tmpdir(), "medclip-sam-losses-"));
const { pairs } = await loadPairs([flags.pairs], { captionColumn: flags.caption, imageColumn: flags.image, groupColumn: flags.group });
const { train, validation } = splitPairs(pairs, { fraction: 0.3, seed: 42 });
const models: string[] = [];
for (let seed = 1; seed <= Number(flags.seeds); seed++) {
  const model = join(folder, `seed-${seed}`);
  await initClip("losses", preset, model, { seed, vocabulary: flags.vocab });
  models.push(model);
}
const workers = await PairWorkers.open({ tokenizer: models[0]!, contextLength: preset.contextLength });
const [seen, heldOut] = [await viewsOf(train), await viewsOf(validation)];
await workers.dispose();
process.stdout.write(
  `${seen.ids.length} training pairs, ${heldOut.ids.length} test pairs of other cases, ${epochs} epochs, ${flags.seeds} seeds\n\n`,
);
process.stdout.write("| loss | batch | top-1 of 50 | top-2 of 50 | R@1 | R@5 | R@10 (95 % interval) | seconds |\n");
process.stdout.write("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
const results = [];
for (const batch of batches) {
  for (const [name, options] of Object.entries(losses)) {
    const start = performance.now();
    const runs: Run[] = [];
    for (const [i, model] of models.entries()) runs.push(await trainAndTest(model, i + 1, batch, { ...options, lr }));
    const seconds = (performance.now() - start) / 1000 / runs.length;
    const spread = (value: (run: Run) => number) => {
      const values = runs.map(value);
      return `${mean(values).toFixed(3)} ± ${std(values).toFixed(3)}`;
    };
    // Hits per query are averaged over the seeds: the interval describes the variation over queries.
    const hits = runs[0]!.ranks.map((_, q) => mean(runs.map(({ ranks }) => Number(ranks[q]! <= 10))));
    const [low, high] = bootstrapMean(hits, { seed: 42, name: "losses" });
    const recall = (k: number) => spread(({ ranks }) => mean(ranks.map((rank) => Number(rank <= k))));
    process.stdout.write(
      `| ${name} | ${batch} | ${spread(({ top1 }) => top1)} | ${spread(({ top2 }) => top2)} | ${recall(1)} | ${recall(5)} | ${recall(10)} (${low.toFixed(3)} to ${high.toFixed(3)}) | ${seconds.toFixed(0)} |\n`,
    );
    results.push({ name, batch, lr, epochs, options, runs, seconds });
  }
}
if (flags.json) await writeFile(flags.json, `${JSON.stringify(results)}\n`);
await rm(folder, { recursive: true });

/** Images and captions as model inputs, in memory: the same in all epochs. */
async function viewsOf(some: typeof pairs): Promise<TrainingPairs & { readonly keys: readonly string[]; readonly lengths: Int32Array }> {
  const data = await encodePairs(some, workers);
  const side = preset.vision.imageSize;
  const { value: found } = await plainBatches(data, workers, { batch: some.length, side }).next();
  if (found.dropped.length > 0) throw new Error(`${found.dropped.length} images cannot be decoded`);
  return { ...found, keys: data.keys, lengths: data.lengths };
}

function rowsOf({ pixels, ids }: TrainingPairs, indices: readonly number[]): TrainingPairs {
  const [, ...rest] = pixels.shape;
  const size = pixels.data.length / pixels.shape[0]!;
  const data = new Uint8Array(indices.length * size);
  for (const [row, index] of indices.entries()) data.set(pixels.data.subarray(index * size, (index + 1) * size), row * size);
  return { pixels: tensor("uint8", [indices.length, ...rest], data), ids: indices.map((index) => ids[index]!) };
}

async function trainAndTest(model: string, seed: number, batch: number, options: object): Promise<Run> {
  const warmup = Math.floor(seen.ids.length / batch);
  const settings = ContrastiveSettings.parse({ weightDecay: 0.1, clipNorm: 1, warmup, chunk: batch, seed, ...options });
  const stepsPerEpoch = Math.floor(seen.ids.length / batch);
  const trainer = await ContrastiveTrainer.open(
    await locateClip(model),
    settings,
    { stepsPerEpoch, epochs },
    { threads: Number(flags.threads) },
  );
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    // Batches of similar lengths have few different shapes.
    const order = epochOrder(seen, { batch, seed, epoch, bucketBatches: 8 });
    for (let at = 0; at + batch <= order.length; at += batch)
      losses.push((await trainer.step(rowsOf(seen, order.slice(at, at + batch)))).loss);
  }
  const features = await trainer.features(heldOut);
  await trainer.dispose();
  const { both } = await batchRetrieval(features, { batch: 50, shuffles: 5, seed: 42 });
  const { imageToText, textToImage } = await pairRanks(features);
  return { top1: both.top1.mean, top2: both.top2.mean, ranks: [...imageToText, ...textToImage], losses: losses.slice(-stepsPerEpoch) };
}
