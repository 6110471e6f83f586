import { addTo } from "../../add-to.ts";
import { type DroppedPair, type EncodedPairs, normalised, type Pair, type PairWorkers, plainBatches } from "../../data/index.ts";
import { throwIfCancelled } from "../../errors.ts";
import { compile, input } from "../../graph/index.ts";
import { type ClipModel, readTokens, textTower, visionTower } from "../../models/clip/index.ts";
import { tensor } from "../../tensor/tensor.ts";
import { streamThenDispose, thenDispose } from "../../then-dispose.ts";

/** Batch size of the towers. */
const batchSize = 16;

/** The pairs of one batch with their image embeddings. */
export interface ImageFeatures {
  readonly pairs: readonly Pair[];
  /** [pairs, E], before normalisation. */
  readonly features: Float32Array;
  /** Pairs whose image cannot be decoded. */
  readonly dropped: readonly DroppedPair[];
}

/** Image embeddings of pairs, batch by batch in order, from centre crops as in validation. */
export async function* imageFeatures(
  clip: ClipModel,
  data: EncodedPairs,
  workers: PairWorkers,
  { mode, signal }: { readonly mode: "paper" | "reference"; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<ImageFeatures> {
  const side = clip.config.vision.imageSize;
  const shape = [batchSize, 3, side, side] as const;
  const pixels = input("pixels", "float32", shape);
  const session = await compile({ features: visionTower(pixels, clip.weights, clip.config).features }, clip.options);
  yield* streamThenDispose(async function* () {
    for await (const { pairs, pixels, dropped } of plainBatches(data, workers, { batch: batchSize, side, mode, signal })) {
      const some = normalised(pixels, clip.config);
      // The last batch is padded with gray images, so that one session is enough.
      const filled = pairs.length === batchSize ? some.data : new Float32Array(batchSize * 3 * side * side);
      if (filled !== some.data) filled.set(some.data);
      const { features } = await session.run({ pixels: tensor("float32", shape, filled) });
      yield { pairs, features: (features!.data as Float32Array).subarray(0, pairs.length * clip.config.embed), dropped };
    }
  }, session);
}

/**
 * Text embeddings, [N, E], before normalisation. Equal texts are computed once, and texts of equal length together, so that only the
 * last batch of a length is padded.
 *
 * @param ids - token ids of each text, without padding
 */
export async function textFeatures(clip: ClipModel, ids: readonly (readonly number[])[], signal?: AbortSignal): Promise<Float32Array> {
  const { embed } = clip.config;
  const all = new Float32Array(ids.length * embed);
  for (const [length, group] of distinctTexts(ids.map((text) => readTokens(text, clip.config)))) {
    // Parts as equal as possible: at most one padding row per part.
    const parts = Math.ceil(group.length / batchSize);
    const rows = Math.ceil(group.length / parts);
    const { features } = textTower(input("ids", "int64", [rows, length]), clip.weights, clip.config);
    const session = await compile({ features }, { ...clip.options, prepack: false });
    await thenDispose(async () => {
      for (let from = 0; from < group.length; from += rows) {
        throwIfCancelled(signal);
        const part = group.slice(from, from + rows);
        const tokens = new BigInt64Array(rows * length);
        for (const [row, { text }] of part.entries()) tokens.set(Array.from(text, BigInt), row * length);
        const run = await session.run({ ids: tensor("int64", [rows, length], tokens) });
        const found = run.features!.data as Float32Array;
        for (const [row, { places }] of part.entries()) {
          for (const place of places) all.set(found.subarray(row * embed, (row + 1) * embed), place * embed);
        }
      }
    }, session);
  }
  return all;
}

interface DistinctText {
  readonly text: readonly number[];
  /** Its index. */
  readonly places: number[];
}

/** The distinct texts by length. */
function distinctTexts(ids: readonly (readonly number[])[]): Map<number, DistinctText[]> {
  const known = new Map<string, DistinctText>();
  const byLength = new Map<number, DistinctText[]>();
  for (const [place, text] of ids.entries()) {
    const key = text.join(" ");
    const same = known.get(key);
    if (same) {
      same.places.push(place);
      continue;
    }
    const found = { text, places: [place] };
    known.set(key, found);
    addTo(byLength, text.length, found);
  }
  return byLength;
}
