import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWith, readCase } from "../../../test/support/shared-data.ts";
import { normal, uniform } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import {
  type Accuracy,
  batchRetrieval,
  type PairFeatures,
  pairRanks,
  type RankSummary,
  ranksOf,
  summariseRanks,
  type Ties,
} from "./index.ts";

const allTies = ["stable", "optimistic", "pessimistic"] as const;

test("a rank counts what is more similar; ties count by their place", () => {
  //  text  0    1    2        own similarities 0.5, 0.5, 0.9
  const similarity = [0.5, 0.5, 0.1, 0.7, 0.5, 0.5, 0.2, 0.3, 0.9];
  expect([...ranksOf(similarity, 3).imageToText]).toEqual([1, 2, 1]);
  expect([...ranksOf(similarity, 3, "pessimistic").imageToText]).toEqual([2, 3, 1]);
  expect([...ranksOf(similarity, 3, "optimistic").imageToText]).toEqual([1, 2, 1]);
  expect([...ranksOf(similarity, 3).textToImage]).toEqual([2, 2, 1]);
});

test("four ranks in numbers", () => {
  expect(summariseRanks(Int32Array.of(1, 2, 5, 12))).toEqual({
    recall: { 1: 0.25, 5: 0.75, 10: 0.75 },
    meanRank: 5,
    medianRank: 3.5,
    medianRankOpenClip: 3,
  });
});

/** Features of which several are the same, at random places. */
function withTwins(count: number, width: number, kinds: number, seed: number): PairFeatures {
  const rows = (name: string): Tensor<"float32"> => {
    const pool = normal(name, seed, kinds * width);
    const pick = uniform(`${name}/pick`, seed);
    const data = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      const kind = Math.floor(pick.at(i) * kinds);
      data.set(pool.subarray(kind * width, (kind + 1) * width), i * width);
    }
    return tensor("float32", [count, width], data);
  };
  return { image: rows("image"), text: rows("text") };
}

/** Ranks by counting classes of equal features, with similarities in float64. */
function ranksOfTwins({ image, text }: PairFeatures, ties: Ties) {
  const [count, width] = image.shape as [number, number];
  const known = new Map<string, number>();
  const unit = (data: Float32Array, i: number) => {
    const row = data.subarray(i * width, (i + 1) * width);
    const length = Math.hypot(...row);
    return Array.from(row, (value) => value / length);
  };
  const similarity = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const [a, b] = [unit(image.data, i), unit(text.data, j)];
      const key = `${a[0]} ${b[0]}`; // equal features have equal similarities, whatever the order of sums
      const value = known.get(key) ?? a.reduce((sum, x, k) => sum + x * b[k]!, 0);
      known.set(key, value);
      similarity[i * count + j] = value;
    }
  }
  return ranksOf(similarity, count, ties);
}

test.each(allTies)("tiles give the ranks of the whole matrix, with many equal features: %s", async (ties) => {
  // 64 does not divide 200, and equal features lie in all tiles.
  const features = withTwins(200, 48, 23, 1);
  expect(await pairRanks(features, { ties, tile: 64 })).toEqual(ranksOfTwins(features, ties));
  expect(await pairRanks(features, { ties })).toEqual(ranksOfTwins(features, ties));
});

test("tiles of any size and any number of threads give the same ranks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom(8, 96, 512),
      fc.constantFrom(1, 2),
      fc.nat(),
      async (count, width, threads, seed) => {
        const features = withTwins(count, width, 1 + (seed % 40), seed);
        expect(await pairRanks(features, { tile: 64, threads })).toEqual(await pairRanks(features, { tile: 128 }));
      },
    ),
    { numRuns: 20 },
  );
});

test("the length of features does not matter, but they must have one", async () => {
  const { image, text } = withTwins(20, 8, 15, 2);
  const longer = tensor(
    "float32",
    image.shape,
    image.data.map((value) => 1000 * value),
  );
  expect(await pairRanks({ image: longer, text })).toEqual(await pairRanks({ image, text }));
  const broken = tensor("float32", image.shape, image.data.slice());
  broken.data[3 * 8] = Number.NaN;
  await expect(pairRanks({ image: broken, text })).rejects.toThrow("image feature 3 has the length NaN");
  broken.data.fill(0);
  await expect(batchRetrieval({ image, text: broken }, { batch: 5 })).rejects.toThrow("text feature 0 has the length 0");
  await expect(pairRanks({ image, text: tensor("float32", [19, 8], text.data.slice(8)) })).rejects.toThrow("got [20,8] and [19,8]");
});

test("a search can be cancelled", async () => {
  const options = { tile: 64, signal: AbortSignal.abort() };
  await expect(pairRanks(withTwins(200, 8, 100, 1), options)).rejects.toThrow("cancelled");
});

test("perfect pairs are found in every batch; pairs that do not fill a batch are left out and counted", async () => {
  const { image } = withTwins(120, 16, 5000, 3);
  const { both, imageToText, queries, leftOut, accuracy } = await batchRetrieval({ image, text: image }, { batch: 50, shuffles: 3 });
  expect(both.top1).toEqual({ mean: 1, std: 0, stdPopulation: 0 });
  expect(imageToText.top2.mean).toBe(1);
  expect([queries, leftOut, accuracy.length]).toEqual([600, 20, 3]);
  expect((await batchRetrieval({ image, text: image }, { keepPartial: true, shuffles: 1 })).leftOut).toBe(0);
  await expect(batchRetrieval({ image, text: image }, { batch: 121 })).rejects.toThrow("120 pairs do not fill a batch of 121");
});

test("shuffles depend only on the seed", async () => {
  const features = withTwins(200, 16, 5000, 4);
  const first = await batchRetrieval(features);
  expect(await batchRetrieval(features, { seed: 42 })).toEqual(first);
  expect((await batchRetrieval(features, { seed: 43 })).accuracy).not.toEqual(first.accuracy);
});

interface Summary {
  mean: number[];
  std_population: number[];
  std_sample: number[];
}
type WholeSet = Record<"image_to_text" | "text_to_image", Record<Ties, Record<string, number>>>;

const summaryOf = (accuracies: readonly Accuracy[]): Summary => ({
  mean: accuracies.map(({ mean }) => mean),
  std_population: accuracies.map(({ stdPopulation }) => stdPopulation),
  std_sample: accuracies.map(({ std }) => std!),
});
const rowOf = ({ recall, meanRank, medianRank, medianRankOpenClip }: RankSummary) => ({
  "recall@1": recall[1],
  "recall@5": recall[5],
  "recall@10": recall[10],
  mean_rank: meanRank,
  median_rank: medianRank,
  median_rank_open_clip: medianRankOpenClip,
});

describeWith(["parity/learn/retrieval.safetensors"], "retrieval of the reference", () => {
  interface Settings extends Record<"summary" | "summary_with_partial", Record<string, Summary>> {
    batch: number;
    whole_set: WholeSet;
  }
  const cases = () => readCase<Settings>("parity/learn/retrieval.safetensors");

  test.each([
    ["accuracy", "summary", false],
    ["accuracy_with_partial", "summary_with_partial", true],
  ] as const)("the paper's protocol: %s", async (accuracyName, summaryName, keepPartial) => {
    const { tensors, settings } = await cases();
    const { data, shape } = tensors.get("shuffles")!;
    const [rounds, pairs] = shape as [number, number];
    const shuffles = Array.from({ length: rounds }, (_, s) => (data as Int32Array).subarray(s * pairs, (s + 1) * pairs));
    const features = { image: tensors.get("image"), text: tensors.get("text") } as PairFeatures;
    const { batch } = settings;
    const found = await batchRetrieval(features, { batch, shuffles, keepPartial });
    expect(found.accuracy.flat(2).map(Math.fround)).toEqual(Array.from(tensors.get(accuracyName)!.data as Float32Array));
    const expected = settings[summaryName];
    for (const [key, direction] of [
      ["image_to_text", "imageToText"],
      ["text_to_image", "textToImage"],
      ["both", "both"],
    ] as const) {
      const summary = summaryOf([found[direction].top1, found[direction].top2]);
      for (const name of ["mean", "std_population", "std_sample"] as const) {
        // Sums of five fractions, in another order than numpy's.
        for (const [k, value] of summary[name].entries()) expect(value, `${key} ${name}`).toBeCloseTo(expected[key]![name][k]!, 14);
      }
    }
    expect(found.queries).toBe(2 * rounds * (keepPartial ? pairs : pairs - (pairs % batch)));
  });

  test("ranks over the whole set, by tiles", async () => {
    const { tensors, settings } = await cases();
    const features = { image: tensors.get("image"), text: tensors.get("text") } as PairFeatures;
    const { whole_set } = settings;
    const { imageToText, textToImage } = await pairRanks(features, { tile: 64 });
    expect(imageToText).toEqual(tensors.get("rank_image_to_text")!.data);
    expect(textToImage).toEqual(tensors.get("rank_text_to_image")!.data);
    for (const ties of allTies) {
      const ranks = await pairRanks(features, { ties, tile: 128 });
      expect(rowOf(summariseRanks(ranks.imageToText)), ties).toEqual(whole_set.image_to_text[ties]);
      expect(rowOf(summariseRanks(ranks.textToImage)), ties).toEqual(whole_set.text_to_image[ties]);
    }
  });
});

describeWith(["parity/learn/retrieval-ties.safetensors"], "ranks of the reference with ties", () => {
  test.each(allTies)("%s", async (ties) => {
    const { tensors, settings } = await readCase<{ whole_set: WholeSet }>("parity/learn/retrieval-ties.safetensors");
    const { whole_set } = settings;
    const { data, shape } = tensors.get("similarity")!;
    const ranks = ranksOf(data as Float32Array, shape[0]!, ties);
    expect(ranks.imageToText).toEqual(tensors.get(`rank_image_to_text_${ties}`)!.data);
    expect(ranks.textToImage).toEqual(tensors.get(`rank_text_to_image_${ties}`)!.data);
    expect(rowOf(summariseRanks(ranks.imageToText))).toEqual(whole_set.image_to_text[ties]);
    expect(rowOf(summariseRanks(ranks.textToImage))).toEqual(whole_set.text_to_image[ties]);
  });
});
