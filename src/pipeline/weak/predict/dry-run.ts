import {
  type CaseFiles,
  defaultBatchSize,
  type ModelFolder,
  patchesOf,
  patchNetwork,
  preprocess,
  preprocessSettingsOf,
  readCaseImage,
  restore,
  type WindowSettings,
} from "../../../nnunet/index.ts";
import type { RunEvent } from "../../../run/events.ts";
import { shortSeconds } from "../../../run/time-estimate.ts";
import type { SessionOptions } from "../../../runtime/session.ts";
import { countOf } from "../../../scans/names.ts";
import { thenDispose } from "../../../then-dispose.ts";

/** A run over images to be estimated. */
export interface ExpectedPredictions {
  readonly command: string;
  /** What passes over an image are called. */
  readonly noun: "network" | "member";
  readonly cases: readonly CaseFiles[];
  readonly model: Pick<ModelFolder, "dataset" | "plans" | "network">;
  /** Of one network; the others take as long. */
  readonly weights: Parameters<typeof patchNetwork>[0];
  readonly windows: WindowSettings;
  /** Passes over each image: for each network or member whether it sees all mirrored copies of a window, or one. */
  readonly passes: readonly ("all mirrors" | "one")[];
  /** How many networks are opened in all, and how many of them are held open at once. */
  readonly opened: { readonly times: number; readonly atOnce: number };
  /** Bytes a pixel and map that are held beside the networks. */
  readonly bytesHeld: number;
  readonly session: SessionOptions;
}

/** A batch is predicted up to three times, but not again after so many milliseconds. */
const enoughMs = 2000;

/** Images that are read to know their sizes. */
const sampled = 8;

/**
 * Describes a run of networks over images and estimates its time and memory. Measured are: opening a network and predicting a batch with it, and
 * preprocessing and resampling of a few images, evenly spread over all.
 *
 * @throws InputError when none of these images can be read
 */
export async function* dryPrediction(expected: ExpectedPredictions): AsyncGenerator<RunEvent> {
  const { command, noun, cases, windows, passes, opened } = expected;
  const images = await sizesOf(expected);
  const network = await timesOf(expected);
  const patches = images.map(({ size }) => {
    const [all, one] = [patchesOf(size, windows), patchesOf(size, { ...windows, onlyMirrored: [] })];
    return passes.reduce((sum, pass) => sum + (pass === "one" ? one : all), 0);
  });
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const each = mean(patches) * network.patchSeconds + mean(images.map(({ seconds, restored }) => seconds + passes.length * restored));
  const all = cases.length * each + opened.times * network.openSeconds;
  const pixels = Math.max(...images.map(({ pixels }) => pixels));
  const bytes = network.peakBytes + (opened.atOnce - 1) * network.bytes + expected.bytesHeld * windows.outputs * pixels;
  const { width, height } = windows.patch;
  const lines = [
    `${countOf(cases.length, "image")}, ${Math.round(mean(patches))} patches of ${height} x ${width} each: windows, mirrored copies and ${countOf(passes.length, noun)}`,
    `measured: ${shortSeconds(network.patchSeconds)} a patch, ${shortSeconds(network.openSeconds)} to open a network`,
    `about ${shortSeconds(each)} an image, ${shortSeconds(all)} in all, ${(bytes / 1e9).toFixed(1)} GB of memory (estimated). Nothing was written.`,
  ];
  yield { type: "start", command, total: cases.length, done: 0 };
  yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines };
}

/** Sizes of some images, and the seconds that they take beside the network. */
async function sizesOf({ cases, model, windows: { outputs, areExclusive } }: ExpectedPredictions) {
  const some = cases.filter((_, i) => i % Math.ceil(cases.length / sampled) === 0);
  const found = [];
  let problem: unknown;
  for (const one of some) {
    try {
      const start = performance.now();
      const image = await readCaseImage(one, model.dataset);
      const { properties, width, height } = preprocess({ image, spacing: image.spacing ?? [1, 1] }, preprocessSettingsOf(model.plans));
      const between = performance.now();
      const data = new Float32Array(outputs * width * height);
      restore({ kind: "logits", areExclusive, count: outputs, width, height, data }, properties);
      const [seconds, restored] = [between - start, performance.now() - between].map((ms) => ms / 1000) as [number, number];
      found.push({ size: { width, height }, pixels: image.width * image.height, seconds, restored });
    } catch (error) {
      problem = error; // the run itself will report it
    }
  }
  if (found.length === 0) throw problem;
  return found;
}

/** Seconds that one network takes, and its memory. */
async function timesOf({ model, weights, windows, session }: ExpectedPredictions) {
  const { height, width } = windows.patch;
  const size = windows.batchSize ?? defaultBatchSize;
  const shape = [size, model.network.inputChannels, height, width] as const;
  const batch = new Float32Array(size * model.network.inputChannels * height * width);
  const before = process.memoryUsage.rss();
  const network = patchNetwork(weights, model.network, session);
  let [openSeconds, patchSeconds] = [0, 0];
  await thenDispose(async () => {
    const start = performance.now();
    await network.predict(batch, shape); // opens it
    const first = (performance.now() - start) / 1000;
    let best = Number.POSITIVE_INFINITY; // other programs only make it slower
    const begun = performance.now();
    for (let run = 0; run < 3 && (run === 0 || performance.now() - begun < enoughMs); run++) {
      const between = performance.now();
      await network.predict(batch, shape);
      best = Math.min(best, (performance.now() - between) / 1000);
    }
    patchSeconds = best / size;
    openSeconds = Math.max(0, first - best);
  }, network);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return { openSeconds, patchSeconds, peakBytes, bytes: Math.max(0, peakBytes - before) };
}
