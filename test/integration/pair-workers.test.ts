import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type EncodedPairs,
  type EpochOptions,
  encodePairs,
  epochBatches,
  normalised,
  type Pair,
  type PairBatch,
  PairWorkers,
  plainBatches,
  readShard,
} from "../../src/data/index.ts";
import { CancelledError } from "../../src/errors.ts";
import { builtCommand } from "../support/build.ts";
import { writeTar } from "../support/tar.ts";
import { writeDisc, writeWords } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-workers-"));
const options: EpochOptions = { batch: 4, side: 32, seed: 1, epoch: 0 };
const settings = { tokenizer: writeWords(), contextLength: 8 };
const all: Pair[] = [];
const opened: PairWorkers[] = [];

beforeAll(async () => {
  await builtCommand();
  for (let i = 0; i < 20; i++) {
    const file = join(folder, `${i}.png`);
    if (i === 7) writeFileSync(file, "no picture");
    else await writeDisc(file, i, 60 + 3 * i, 90 - 2 * i);
    all.push({ key: `${i}`, image: { file }, caption: `${"dark ".repeat(i % 9)}lesion` });
  }
});
afterAll(async () => {
  for (const workers of opened) await workers.dispose();
  rmSync(folder, { recursive: true });
});

async function open(workers: number): Promise<{ workers: PairWorkers; data: EncodedPairs }> {
  const found = await PairWorkers.open({ ...settings, workers });
  opened.push(found);
  return { workers: found, data: await encodePairs(all, found) };
}

async function collect(batches: AsyncGenerator<PairBatch>): Promise<PairBatch[]> {
  const found: PairBatch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

test("an epoch gives the same bytes without threads, with one and with three", async () => {
  const epochs: PairBatch[][] = [];
  for (const count of [0, 1, 3]) {
    const { workers, data } = await open(count);
    expect(workers.size).toBe(count);
    expect(data.lengths[3]).toBe(6); // [CLS] dark dark dark lesion [SEP]
    expect(data.truncated).toBe(6); // more than five times "dark": pairs 6, 7, 8, 15, 16, 17
    epochs.push(await collect(epochBatches(data, workers, { ...options, bucketBatches: 2 })));
  }
  expect(epochs[0]).toHaveLength(4); // 19 pictures can be decoded, three pairs do not fill a batch
  expect(epochs[1]).toEqual(epochs[0]);
  expect(epochs[2]).toEqual(epochs[0]);
});

test("an image that cannot be decoded is named, and the next one takes its place", async () => {
  const { workers, data } = await open(1);
  const batches = await collect(plainBatches(data, workers, options));
  expect(batches.map(({ pairs }) => pairs.length)).toEqual([4, 4, 4, 4, 3]);
  expect(batches.flatMap(({ pairs }) => pairs)).toEqual(all.filter((_, i) => i !== 7));
  const dropped = batches.flatMap(({ dropped }) => dropped);
  expect(dropped).toMatchObject([{ key: "7", reason: "image cannot be decoded", detail: expect.stringContaining("is not a PNG") }]);
});

test("a run that resumes after a batch sees the rest of the epoch", async () => {
  const { workers, data } = await open(1);
  const whole = await collect(epochBatches(data, workers, options));
  const rest = await collect(epochBatches(data, workers, { ...options, from: whole[1]!.position }));
  expect(rest.map(({ pairs, pixels, ids }) => ({ pairs, pixels, ids }))).toEqual(
    whole.slice(2).map(({ pairs, pixels, ids }) => ({ pairs, pixels, ids })),
  );
});

test("epochs differ in order and crops; without crops an image is always the same", async () => {
  const { workers, data } = await open(0);
  const viewOf = async (changed: Partial<EpochOptions>) => {
    const batches = await collect(epochBatches(data, workers, { ...options, batch: 1, ...changed }));
    const batch = batches.find(({ pairs }) => pairs[0]!.key === "3")!;
    return { order: batches.map(({ pairs }) => pairs[0]!.key), pixels: batch.pixels };
  };
  const [first, second] = [await viewOf({}), await viewOf({ epoch: 1 })];
  expect(second.order).not.toEqual(first.order);
  expect(second.pixels).not.toEqual(first.pixels);
  const [plain, again] = [await viewOf({ crop: null }), await viewOf({ crop: null, epoch: 1 })];
  expect(again.pixels).toEqual(plain.pixels);
});

test("threads read members of an archive, too", async () => {
  const shard = join(folder, "shard.tar");
  writeTar(shard, { "a.png": readFileSync(join(folder, "3.png")), "a.txt": "lesion" });
  const { pairs } = await readShard(shard);
  const { workers, data } = await open(1);
  const [fromShard] = await collect(plainBatches(await encodePairs(pairs, workers), workers, options));
  const [fromFile] = await collect(plainBatches(await encodePairs([data.pairs[3]!], workers), workers, options));
  expect(fromShard!.pixels).toEqual(fromFile!.pixels);
});

test("a waiting caller gets an error when the run is cancelled or the threads are closed", async () => {
  const { workers, data } = await open(1);
  const cancel = new AbortController();
  const batches = plainBatches(data, workers, { ...options, signal: cancel.signal });
  await batches.next();
  cancel.abort();
  await expect(batches.next()).rejects.toThrow(CancelledError);
  const others = plainBatches(data, workers, options);
  await workers.dispose();
  await expect(others.next()).rejects.toThrow("were disposed of");
});

test("a missing vocabulary is reported at once", async () => {
  await expect(PairWorkers.open({ ...settings, tokenizer: join(folder, "none"), workers: 1 })).rejects.toThrow("cannot be read");
});

test("pixels are normalised per channel: level 128 with mean 0.5 and standard deviation 0.25", async () => {
  const { workers, data } = await open(0);
  const [batch] = await collect(plainBatches(data, workers, { ...options, side: 16 }));
  const { data: values, shape } = normalised(batch!.pixels, { mean: [0.5, 0, 0], std: [0.25, 1, 1] }, [1, 3]);
  expect(shape).toEqual([2, 3, 16, 16]);
  const plane = 256;
  for (const [channel, rule] of [(v: number) => (v / 255 - 0.5) / 0.25, (v: number) => v / 255, (v: number) => v / 255].entries()) {
    for (const image of [0, 1]) {
      const level = batch!.pixels.data[((image + 1) * 3 + channel) * plane + 5]!;
      expect(values[(image * 3 + channel) * plane + 5]).toBe(Math.fround(rule(level)));
    }
  }
});
