import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as browser from "../../src/browser.ts";
import { ConfigError, InputError, MedclipSamError, ShapeError } from "../../src/errors.ts";
import { input } from "../../src/graph/index.ts";
import * as library from "../../src/index.ts";
import { uniform } from "../../src/tensor/random.ts";
import { madeSeries } from "../support/dicom-series.ts";
import { nanoModels } from "../support/tiny-run.ts";

const n = 16;
const image = { width: n, height: n, data: Uint8Array.from({ length: 3 * n * n }, (_, i) => (i * 37) % 256) };
const gray = { width: n, height: n, data: Uint8Array.from({ length: n * n }, (_, i) => i % 256) };
const mask = { width: n, height: n, data: Uint8Array.from({ length: n * n }, (_, i) => (i % n < 8 ? 1 : 0)) };
const map = { width: n, height: n, data: Float32Array.from({ length: n * n }, (_, i) => (i % n) / n) };
const file = join(tmpdir(), "medclip-sam-never-written.png");
const text = "dark lesion";

const scan = { ...madeSeries({ rows: n, columns: n, slices: 1 }), frames: [{ file: "001.dcm" }] };
const structures = [{ label: "lungs", masks: [mask] }];

/** Values that are wrong for every argument. */
const nonsense: readonly unknown[] = [null, 7, Number.NaN, true, [], {}, () => 1, Symbol("x"), 5n, new Date(0), Promise.resolve(image)];

/** Invalid images of a channel count, made from a valid one. */
function wrongPictures<T extends { width: number; height: number; data: Uint8Array | Float32Array }>(right: T): readonly unknown[] {
  const { data, width, height } = right;
  return [
    undefined,
    ...nonsense,
    "a.png",
    new Uint8Array(9),
    data.buffer,
    ...[0, -1, 1.5, Number.NaN, "16", undefined, 2 ** 31].map((length) => ({ ...right, width: length })),
    { ...right, height: 0 },
    { width, height },
    { ...right, data: [...data] },
    { ...right, data: data.subarray(1) },
    { ...right, data: new Uint8Array(0) },
    { ...right, data: new Uint16Array(data.length) },
    { ...right, data: new Float64Array(data.length) },
    { ...right, data: new DataView(new ArrayBuffer(data.length)) },
    { ...right, data: new Uint8Array(2 * data.length) },
    Promise.resolve(right),
    data instanceof Uint8Array ? { ...right, data: Float32Array.from(data) } : { ...right, data: new Uint8Array(data.length) },
  ];
}

const wrongMasks = [...wrongPictures(mask), { ...mask, data: gray.data }];
const wrongMaps = [...wrongPictures(map), { ...map, data: map.data.map((v) => 2 * v) }, { ...map, data: map.data.map(() => Number.NaN) }];
const wrongOptions = [...nonsense.filter((value) => typeof value !== "object" || value === null), { unknown: 1 }];
const wrongPaths = [undefined, "", ...nonsense];

/** Calls that must fail, by the function's name: each wrong value in each place. */
type Calls = Readonly<Record<string, readonly (() => unknown)[]>>;
const each = (values: readonly unknown[], call: (value: never) => unknown) => values.map((value) => () => call(value as never));

/** Functions that Node and browsers share. */
function sharedCalls(api: typeof browser): Calls {
  const visual = {
    ...{ kind: "box", points: 4, negativePoints: 0, perComponent: false, clamp: "exclusive", empty: "mask" },
    random: uniform("points", 1),
  } as Parameters<typeof api.visualPrompts>[1];
  const ofMasks = (metric: (mask: never, truth: never, options?: never) => unknown, ...options: unknown[]) => [
    ...each(wrongMasks, (value) => metric(value, mask as never)),
    ...each(wrongMasks, (value) => metric(mask as never, value)),
    () => metric(mask as never, { width: 8, height: 32, data: mask.data } as never),
    ...each([...wrongOptions, ...options], (value) => metric(mask as never, mask as never, value)),
  ];
  const distances = [
    { tolerance: -1 },
    { tolerance: Number.NaN },
    { tolerance: "2" },
    { spacing: [1] },
    { spacing: [0, 1] },
    { spacing: 1 },
  ];
  return {
    coarseMask: [
      ...each(wrongPictures(gray), (value) => api.coarseMask(value)),
      ...each(
        [
          ...[
            ...wrongOptions,
            { method: "k-means" },
            { threshold: 2 },
            { threshold: Number.NaN },
            { method: "crf" },
            { method: "crf", image: gray },
            { method: "crf", image, tau: 0 },
            { keep: 0 },
            { keep: "1" },
            { ties: true },
          ],
          ...[{ minAreaPx: -1 }, { minMeanSaliency: 2 }, { window: [0, 0, 4, 4] }, { window: { x0: 0, y0: 0, x1: 99, y1: 4 } }],
          ...[{ window: { x0: 0, y0: 0, x1: Number.NaN, y1: 4 } }, { window: { x0: 4, y0: 0, x1: 0, y1: 4 } }],
        ],
        (value) => api.coarseMask(gray, value),
      ),
    ],
    overlay: [
      ...each(wrongPictures(image), (value) => api.overlay(value, {})),
      ...each([undefined, ...wrongOptions, { label: 1 }, { boxes: {} }, { boxes: [[1, 2, 3, 4]] }, { points: [{ x: 1, y: 1 }] }], (value) =>
        api.overlay(image, value),
      ),
      ...each(wrongMasks.slice(1), (value) => api.overlay(image, { mask: value })),
      ...each(wrongPictures(gray).slice(1), (value) => api.overlay(image, { saliency: value })),
    ],
    maskOfRuns: each(
      [
        ...[undefined, ...nonsense, { size: [2, 2], counts: [4] }, { width: 2, height: 1, rows: "01", runs: "01" }],
        { width: 2, height: 1, rows: Int32Array.of(0, 1), runs: Uint32Array.of(0, 5) },
      ],
      (value) => api.maskOfRuns(value),
    ),
    toGray: each(wrongMaps, (value) => api.toGray(value)),
    rgbImage: each(
      wrongPictures(image).filter((value) => !((value as typeof image)?.data?.length === 2 * image.data.length)),
      (value) => api.rgbImage(value),
    ),
    openScans: [
      ...each([undefined, ...nonsense.filter((value) => !Array.isArray(value)), [1], [{ name: "a" }], [""]], (value) =>
        api.openScans(value),
      ),
      ...each([...wrongOptions, { axis: "oblique" }, { signal: 1 }], (value) => api.openScans([], value)),
    ],
    segFromMasks: [
      ...each([undefined, ...nonsense], (value) => api.segFromMasks(value, structures)),
      ...each([undefined, ...nonsense, [1], [{}], [{ label: "" }], [{ label: "a" }]], (value) => api.segFromMasks(scan, value)),
      ...each(wrongMasks.slice(1), (value) => api.segFromMasks(scan, [{ label: "a", masks: [value] }])),
      ...each([...wrongOptions, { kind: "gray" }, { models: [1] }], (value) => api.segFromMasks(scan, structures, value)),
    ],
    niftiFromMasks: [
      ...each([undefined, ...nonsense], (value) => api.niftiFromMasks(value, structures)),
      ...each([undefined, ...nonsense, [{ label: "a", masks: [mask, mask] }]], (value) => api.niftiFromMasks(scan, value)),
      ...each([...wrongOptions, { gzip: 1 }], (value) => api.niftiFromMasks(scan, structures, value)),
    ],
    masksFromSeg: [
      ...each(["", "a.dcm", undefined, ...nonsense, { name: "a", bytes: new Uint8Array(9) }], async (value) => api.masksFromSeg(value)),
      ...each(nonsense, async (value) => api.masksFromSeg({ name: "a", bytes: new Uint8Array(9) }, value)),
    ],
    dsc: ofMasks(api.dsc).slice(0, -wrongOptions.length),
    iou: ofMasks(api.iou).slice(0, -wrongOptions.length),
    nsd: ofMasks(api.nsd, { tolerance: -1 }, { tolerance: Number.NaN }),
    surfaceNsd: ofMasks(api.surfaceNsd, ...distances),
    surfaceMetrics: ofMasks(api.surfaceMetrics, ...distances),
    pixelEdgeMetrics: ofMasks(api.pixelEdgeMetrics, ...distances),
    visualPrompts: [
      ...each(wrongMasks, (value) => api.visualPrompts(value, visual)),
      ...each(
        [
          ...[undefined, ...wrongOptions, {}, { ...visual, kind: "boxes" }, { ...visual, points: -1 }, { ...visual, points: Number.NaN }],
          ...[
            { ...visual, random: undefined },
            { ...visual, random: Math.random },
            { ...visual, kind: "points", points: 0 },
          ],
        ],
        (value) => api.visualPrompts(mask, value),
      ),
    ],
    loadModel: each(
      [undefined, ...nonsense, { clip: "x" }, { sam: "x" }, { clip: {}, sam: new Uint8Array(9) }, { clip: { weights: 1 }, sam: 1 }],
      (value) => api.loadModel(value),
    ),
    "loadModel, options": each([...wrongOptions, { device: "gpu" }, { threads: 0 }, { threads: Number.NaN }, { prepack: 1 }], (value) =>
      api.loadModel({ clip: {}, sam: {} } as never, value),
    ),
    "SamPredictor.open": [
      ...each([undefined, ...nonsense, { name: "a", bytes: [] }, { name: "a", bytes: new Uint8Array(9) }], (value) =>
        api.SamPredictor.open(value),
      ),
      ...each([...wrongOptions, { precision: "int4" }, { boxesACall: 0 }, { queriesAChunk: 1.5 }], (value) =>
        api.SamPredictor.open({ name: "a", bytes: new Uint8Array(9) }, value),
      ),
    ],
    maskOf: [
      ...each([undefined, ...nonsense, "a.png", map.data, { ...gray }], (value) => api.maskOf(value)),
      ...each(
        [
          ...[{ width: 0 }, { height: Number.NaN }, { data: "0101" }, { data: {} }, { data: gray.data.subarray(1) }, { kind: "grey" }],
          ...[{ kind: "rgb" }, { kind: "palette" }, { kind: "palette", palette: {} }, { hasAlpha: 1 }, { stride: 0 }, { full: "255" }],
          { data: map.data.map(() => Number.NaN) },
        ],
        (part: object) => api.maskOf({ ...gray, kind: "gray", ...part }),
      ),
      ...each([...wrongOptions, { label: "1" }, { label: Number.NaN }, { name: 1 }], (value) =>
        api.maskOf({ ...gray, kind: "gray" }, value),
      ),
    ],
    loadNnUnet: each(
      [
        ...[undefined, ...nonsense, { plans: "x" }, { plans: new Uint8Array(9), dataset: new Uint8Array(9), weights: [] }],
        ...[
          { plans: new Uint8Array(9), dataset: new Uint8Array(9), weights: new Uint8Array(9) },
          { plans: "a", dataset: "b", weights: "c" },
        ],
      ],
      (value) => api.loadNnUnet(value),
    ),
    "loadNnUnet, options": each([...wrongOptions, { device: "gpu" }, { threads: 0 }], (value) =>
      api.loadNnUnet({ plans: new Uint8Array(9), dataset: new Uint8Array(9), weights: new Uint8Array(9) }, value),
    ),
    predict: each([undefined, ...nonsense, { labels: {} }], (value) => api.predict(value, gray)),
    predictEnsemble: each([undefined, ...nonsense, { labels: {} }], (value) => api.predictEnsemble(value, gray)),
    ZeroShotModel: each([undefined, ...nonsense, { clip: {} }], (value) => new api.ZeroShotModel(value, value)),
    M2ib: each([undefined, ...nonsense], (value) => new api.M2ib(value, api.M2ibConfig.parse({}))),
  };
}

/** Functions for browsers only. */
const browserCalls: Calls = {
  configureRuntime: each([undefined, ...nonsense, { wasmPaths: "" }, { wasmPaths: 1 }, { wasmPaths: { js: "x" } }], (value) =>
    browser.configureRuntime(value),
  ),
  configureCodecs: each([undefined, ...nonsense, { wasm: "" }, { wasm: 1 }, { path: "x" }], (value) => browser.configureCodecs(value)),
};

const featuresOf = (shape: number[], fill = 1) => ({
  dtype: "float32" as const,
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(fill),
});
const features = { image: featuresOf([3, 4]), text: featuresOf([3, 4]) };
const wrongFeatures = [
  ...[undefined, ...nonsense, features.image, { ...features, text: undefined }, { ...features, text: features.image.data }],
  ...[
    { ...features, text: featuresOf([2, 4]) },
    { ...features, text: featuresOf([12]) },
    { ...features, image: featuresOf([3, 4], 0) },
  ],
  ...[
    { ...features, image: featuresOf([3, 4], Number.NaN) },
    { ...features, image: { ...features.image, dtype: "float64", data: new Float64Array(12) } },
  ],
  { ...features, image: { ...features.image, data: new Float32Array(11) } },
];

/** Calls of a training with settings of the right form. */
function trainingCalls(train: (settings: never, options?: never) => AsyncGenerator, settings: object) {
  const { signal } = new AbortController();
  return [
    ...each(
      [
        undefined,
        ...nonsense,
        {},
        { ...settings, out: 7 },
        { ...settings, epochs: 0 },
        { ...settings, epoch: 1 },
        { ...settings, lr: Number.NaN },
      ],
      (value) => train(value).next(),
    ),
    ...each([...wrongOptions, { signal: {} }, signal], (value) => train(settings as never, value).next()),
  ];
}

/** Functions for Node only, which read and write files. */
const nodeCalls: Calls = {
  readCalibration: each(wrongPaths, (value) => library.readCalibration(value)),
  readGray: each(wrongPaths, (value) => library.readGray(value)),
  readMask: each(wrongPaths, (value) => library.readMask(value)),
  decodeImage: [
    ...each([...wrongPaths, { name: "a", bytes: [1] }, { name: 1, bytes: new Uint8Array(1) }], (value) => library.decodeImage(value)),
    ...each([...wrongOptions, { mode: "fast" }], (value) => library.decodeImage(file, value)),
  ],
  encodeMask: each(wrongMasks, (value) => library.encodeMask(value)),
  retrieve: [
    ...each(
      [undefined, ...nonsense, {}, { clip: "none" }, { pairs: [file], clip: "none", batch: 1 }, { pairs: [file], clip: 7 }],
      (value) => library.retrieve(value),
    ),
    ...each([...wrongOptions, { signal: {} }], (value) => library.retrieve({ pairs: [file], clip: "none" }, value)),
    () => library.retrieve({ pairs: [file], clip: "none" }), // no such file
  ],
  batchRetrieval: [
    ...each(wrongFeatures, (value) => library.batchRetrieval(value, { batch: 2 })),
    ...each(
      [
        ...[...wrongOptions, { batch: 1 }, { batch: 9 }, { batch: Number.NaN }, { shuffles: 0 }, { shuffles: [] }, { shuffles: [[0, 1]] }],
        ...[{ shuffles: [[0, 0, 1]] }, { shuffles: ["012"] }, { seed: 0.5 }, { keepPartial: 1 }, { signal: {} }, { device: "gpu" }],
      ],
      (value: object) => library.batchRetrieval(features, typeof value === "object" && value ? { batch: 2, ...value } : value),
    ),
  ],
  pairRanks: [
    ...each(wrongFeatures, (value) => library.pairRanks(value)),
    ...each([...wrongOptions, { ties: "best" }, { tile: 0 }, { tile: 65 }, { signal: {} }, { threads: 0 }], (value) =>
      library.pairRanks(features, value),
    ),
  ],
  summariseRanks: each([undefined, ...nonsense, Int32Array.of(), Int32Array.of(0), [1.5]], (value) => library.summariseRanks(value)),
  fineTune: trainingCalls(library.fineTune, { pairs: ["a.csv"], clip: "none", out: file }),
  adapt: trainingCalls(library.adapt, { data: "none", prompt: ["the lesion"], out: file }),
  trainNnUnet: trainingCalls(library.trainNnUnet, { data: "none", out: file }),
  pseudoLabel: trainingCalls(library.pseudoLabel, { inputs: ["none"], prompt: ["the lesion"], out: file }),
  weakSupervision: trainingCalls(library.weakSupervision, { inputs: ["none"], prompt: ["the lesion"], out: file }),
  fineTuneSam: trainingCalls(library.fineTuneSam, { data: "none", sam: "none", out: file }),
  writeGray: [
    ...each(wrongPaths, (value) => library.writeGray(value, gray)),
    ...each(wrongPictures(gray), (value) => library.writeGray(file, value)),
  ],
  writeMask: [
    ...each(wrongPaths, (value) => library.writeMask(value, mask)),
    ...each(wrongMasks, (value) => library.writeMask(file, value)),
  ],
  writeRgb: [
    ...each(wrongPaths, (value) => library.writeRgb(value, image)),
    ...each(wrongPictures(image), (value) => library.writeRgb(file, value)),
  ],
  loadPack: each(["", "no such pack", ...nonsense], (value) => library.loadPack(value)),
  evaluate: [
    ...each([undefined, ...nonsense.filter((value) => !Array.isArray(value)), [1], [{}], [{ name: "a" }]], (value) =>
      library.evaluate(value),
    ),
    ...each(wrongPictures(gray), (value) => library.evaluate([{ name: "a", truth: value, prediction: gray }])),
    ...each(wrongPictures(gray).slice(1), (value) => library.evaluate([{ name: "a", truth: gray, prediction: value }])),
    ...each([...wrongOptions, { mode: "best" }, { tolerance: -1 }, { spacing: [1] }, { seed: 0.5 }], (value) =>
      library.evaluate([], value),
    ),
  ],
};

test.each(Object.entries(library.contrastiveLosses))(
  "the loss %s refuses what are no features of pairs, and wrong options",
  async (_, loss) => {
    const x = input("x", "float32", [3, 4]);
    await expectRefused([
      ...each([undefined, ...nonsense, input("y", "float32", [3]), input("y", "float32", [2, 4]), input("y", "int64", [3, 4])], (value) =>
        loss(value, x, { scale: 1 }),
      ),
      ...each([undefined, ...nonsense, features.image], (value) => loss(x, value, { scale: 1 })),
      ...each(
        [undefined, ...wrongOptions, {}, { scale: "1" }, { scale: Number.NaN }, { scale: 1, alpha: -1 }, { scale: 1, beta1: Number.NaN }],
        (value) => loss(x, x, value),
      ),
      ...each(
        [
          { scale: 1, negatives: 1 },
          { scale: 1, detachWeights: 1 },
          { scale: 1, bias: null },
        ],
        (value) => loss(x, x, value),
      ),
    ]);
  },
);

async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    return { accepted: await call() };
  } catch (error) {
    return error;
  }
}

/** Expects every call to fail with a message in the common form. */
async function expectRefused(calls: readonly (() => unknown)[]): Promise<void> {
  for (const [i, call] of calls.entries()) {
    const failure = await failureOf(call);
    expect(failure, `call ${i}: ${String(failure)}`).toBeInstanceOf(MedclipSamError);
    expect((failure as Error).message).not.toMatch(/\[object|Cannot read|is not (iterable|a function)/);
  }
}

describe("wrong arguments are refused with an error of the package", () => {
  test.each(Object.entries({ ...sharedCalls(library as never), ...nodeCalls }))("by %s", async (_, calls) => await expectRefused(calls));
  test.each(Object.entries({ ...sharedCalls(browser), ...browserCalls }))(
    "by %s for browsers",
    async (_, calls) => await expectRefused(calls),
  );

  test("for every public function", () => {
    /** `segment`, `segmentTargets` and `everything` need a model, below; `evaluate` of browsers is the one of Node. */
    const elsewhere = ["segment", "segmentTargets", "everything", "evaluate"];
    const tested = Object.keys({ ...sharedCalls(browser), ...nodeCalls, ...browserCalls }).map((name) => name.split(".")[0]!);
    for (const api of [library, browser]) {
      const names = Object.entries(api).flatMap(([name, value]) => (typeof value === "function" && !name.endsWith("Error") ? [name] : []));
      expect(names.filter((name) => ![...tested, ...elsewhere].includes(name))).toEqual([]);
    }
  });
});

describe("a model", () => {
  let model: library.ZeroShotModel;
  beforeAll(async () => {
    model = await library.loadModel(await nanoModels());
    await model.mask.sam.setImage(image);
  });
  afterAll(() => model.dispose());

  test("refuses invalid images and texts, with Node's function and the browser's", async () => {
    for (const segment of [library.segment, browser.segment]) {
      await expectRefused([
        ...each([undefined, ...nonsense], (value) => segment(value, image, text)),
        ...each(
          wrongPictures(image).filter((value) => typeof value !== "string"),
          (value) => segment(model, value, text),
        ),
        ...each([undefined, "", "  ", [""], [1], ...nonsense], (value) => segment(model, image, value)),
        ...each(
          [
            ...[
              ...wrongOptions,
              { keeep: 2 },
              { keep: 0 },
              { keep: "2" },
              { steps: Number.NaN },
              { beta: -1 },
              { layer: 1.5 },
              { layer: 99 },
            ],
            ...[{ saliencyMethod: "m3ib" }, { fit: 1 }, { embed: 1 }, { signal: {} }, { name: 1 }, { mode: "best" }, { seed: Number.NaN }],
          ],
          (value) => segment(model, image, text, value),
        ),
      ]);
    }
  });

  test("of which all regions are asked for", async () => {
    for (const everything of [library.everything, browser.everything]) {
      const { sam } = model.mask;
      await expectRefused([
        ...each([undefined, ...nonsense, model], (value) => everything(value, image)),
        ...each(wrongPictures(image), (value) => everything(sam, value)),
        ...each([...wrongOptions, { pointsPerSide: 0 }, { pointsPerSide: 1e6 }, { predIou: 2 }], (value) => everything(sam, image, value)),
        ...each([...wrongOptions, { embedding: 1 }, { embedding: {} }, { signal: 1 }], (value) => everything(sam, image, {}, value)),
      ]);
    }
  });

  test("refuses invalid targets, with Node's function and the browser's", async () => {
    for (const segmentTargets of [library.segmentTargets, browser.segmentTargets]) {
      await expectRefused([
        ...each([undefined, ...nonsense], (value) => segmentTargets(value, image, { lesion: text })),
        ...each(
          wrongPictures(image).filter((value) => typeof value !== "string"),
          (value) => segmentTargets(model, value, { lesion: text }),
        ),
        ...each([undefined, "", text, [text], { lesion: "" }, { lesion: 1 }, { "": text }, { "a/b": text }, ...nonsense], (value) =>
          segmentTargets(model, image, value),
        ),
        ...each([...wrongOptions, { keeep: 2 }, { keep: 0 }], (value) => segmentTargets(model, image, { lesion: text }, value)),
      ]);
    }
  });

  test("finds image and text that are swapped", async () => {
    await expect(library.segment(model, text as never, image as never)).rejects.toThrow(
      "segment: the text prompt must be a sentence or a list of sentences, got an object with width, height, data. Image and text are swapped",
    );
    await expect(library.segment(model, "the lungs", "scans/a.png")).rejects.toThrow(
      'segment: image "the lungs" and text "scans/a.png" are swapped',
    );
  });

  test("is not made of other things than models", async () => {
    const { text, mask } = model;
    await expectRefused([
      ...each([undefined, ...nonsense, mask], (value) => new library.ZeroShotModel(value, mask)),
      ...each([undefined, ...nonsense, text], (value) => new library.ZeroShotModel(text, value)),
      ...each([null, 7, "x", {}], (value) => new library.ZeroShotModel(text, mask, value)),
      ...each([null, 7, "x", []], (value) => new library.ZeroShotModel(text, mask, [], value)),
    ]);
  });

  test("says in a warning which option has no effect", async () => {
    const { warnings } = await library.segment(model, image, text, { saliencyMethod: "patch-text", beta: 2, threshold: 0.5 });
    expect(warnings.join("\n")).toMatch(/beta has no effect.*threshold has no effect/s);
  });

  test("refuses visual prompts that do not fit the image", async () => {
    const { sam } = model.mask;
    const box = { x0: 2, y0: 2, x1: 9, y1: 9 };
    const wrongBoxes = [
      [2, 2, 9, 9],
      { ...box, x1: Number.NaN },
      { ...box, x1: 1 },
      { x0: 90, y0: 90, x1: 99, y1: 99 },
      { x: 1, y: 1 },
      null,
    ];
    const wrongPoints = [[1, 1], { x: 1, y: 1 }, { x: 1, y: 1, label: 2 }, { x: 90, y: 1, label: 1 }, { x: Number.NaN, y: 1, label: 1 }];
    await expectRefused([
      ...each(wrongBoxes, (value) => sam.predict({ boxes: [value] })),
      ...each(wrongPoints, (value) => sam.predict({ points: [value] })),
      ...each([undefined, ...nonsense, { box }, { boxes: box }, { boxes: [] }, { mask: new Float32Array(4) }, { mask: [1] }], (value) =>
        sam.predict(value),
      ),
      ...each([{}, { values: 1 }, { values: { dtype: "float32", shape: [1], data: new Float32Array(1) } }], (value) =>
        sam.predict({ boxes: [box] }, { embedding: value }),
      ),
      ...each(wrongPictures(image), (value) => sam.setImage(value)),
    ]);
    const [prediction] = await sam.predict({ boxes: [box] });
    await expectRefused(each([-1, 9, Number.NaN, "0", null], (value) => prediction!.mask(value)));
  });

  test("refuses settings and arrays that M2IB cannot use", async () => {
    const { clip } = model.text;
    const config = library.M2ibConfig.parse({ layer: 0, steps: 2, samples: 1 });
    await expectRefused([
      ...each(
        [undefined, ...wrongOptions, { ...config, layer: -1 }, { ...config, steps: Number.NaN }],
        (value) => new library.M2ib(clip, value),
      ),
      ...each([...wrongOptions, { schedule: [9] }, { samplesAtOnce: 0 }], (value) => new library.M2ib(clip, config, value)),
    ]);
    const m2ib = new library.M2ib(clip, config);
    const hidden = await m2ib.hiddenTokens({ width: 32, height: 32, data: new Uint8Array(3 * 32 * 32) });
    const feature = new Float32Array(16).fill(1);
    const noise = m2ib.noiseOf("a.png", 1);
    await expectRefused([
      ...each(wrongPictures(image), (value) => m2ib.hiddenTokens(value)),
      ...each([undefined, ...nonsense, { ...hidden, shape: [1] }], (value) => m2ib.attribute(value, feature, noise)),
      ...each([undefined, ...nonsense, feature.map(() => Number.NaN), feature.subarray(1)], (value) =>
        m2ib.attribute(hidden, value, noise),
      ),
      ...each([undefined, ...nonsense, [hidden]], (value) => m2ib.attribute(hidden, feature, value)),
      ...each([undefined, ...nonsense, hidden], (value) => m2ib.splitNoise(value)),
    ]);
    await m2ib.dispose();
  });

  test("accepts pixels in any kind of buffer, and extreme shapes", async () => {
    const options = { saliencyMethod: "patch-text" } as const;
    const expected = await library.segment(model, image, text, options);
    const shifted = new Uint8Array(image.data.length + 5).subarray(5);
    const shared = new Uint8Array(new SharedArrayBuffer(image.data.length));
    for (const copy of [shifted, shared]) copy.set(image.data);
    const foreign = runInNewContext("Uint8Array.from(values)", { values: [...image.data] });
    for (const data of [shifted, shared, foreign, new Uint8ClampedArray(image.data), Buffer.from(image.data)]) {
      expect(await library.segment(model, Object.freeze({ ...image, data }), text, options)).toEqual(expected);
    }
    const canvas = { width: n, height: n, data: new Uint8ClampedArray(4 * n * n).fill(255) };
    for (let i = 0; i < n * n; i++) canvas.data.set(image.data.subarray(3 * i, 3 * i + 3), 4 * i);
    expect(await library.segment(model, library.rgbImage(canvas), text, options)).toEqual(expected);
    for (const [width, height] of [
      [1, 1],
      [20_000, 1],
      [1, 20_000],
    ] as const) {
      const { mask, scores } = await library.segment(model, { width, height, data: new Uint8Array(3 * width * height) }, text, options);
      expect(mask.data).toHaveLength(width * height);
      expect(scores.every(Number.isFinite)).toBe(true);
    }
  });
});

test("a message says where, what was expected, what was given, and what it looks like", () => {
  const of = (length: number) => ({ width: 64, height: 64, data: new Uint8Array(length) });
  const draw = (picture: unknown) => () => library.overlay(picture as never, {});
  expect(draw(of(4096))).toThrow(ShapeError);
  expect(draw(of(4096))).toThrow(
    "overlay: image.data must hold width x height x 3 = 12288 values for 64 x 64 pixels, got 4096, one channel: gray? rgbImage(image) makes RGB of it.",
  );
  expect(draw(of(16384))).toThrow(/got 16384, four channels: RGBA of a canvas\? rgbImage/);
  expect(draw({ ...of(0), data: new Float32Array(12288) })).toThrow(
    "overlay: image.data must be a Uint8Array of levels 0 to 255, got a Float32Array of 12288. If it holds 0 to 1, multiply by 255 and round.",
  );
  expect(draw(Buffer.from("x"))).toThrow(/got a Uint8Array of 1\. The bytes of a file\? decodeImage/);
  expect(draw(Promise.resolve(image))).toThrow(/got a Promise \(await it first\)/);
  expect(() => library.dsc(gray, mask)).toThrow(InputError);
  expect(() => library.dsc(gray, mask)).toThrow("dsc: mask.data must hold 0 and 1, got 0, 1, 2, 3, 4, 5, .... Labels, or a picture?");
  expect(() => library.dsc(mask, { mask, warnings: [] } as never)).toThrow(
    'truth must be { width, height, data } with width x height values, got an object with mask, warnings. readMask returns { mask, warnings }: pass its "mask".',
  );
  expect(draw({ image, warnings: [] })).toThrow('decodeImage returns { image, warnings }: pass its "image".');
  expect(() => library.coarseMask(gray, { keeep: 2 } as never)).toThrow(ConfigError);
  expect(() => library.coarseMask(gray, { keeep: 2 } as never)).toThrow(
    /there is no option "keeep"\. Did you mean "keep"\? Known are method/,
  );
  expect(() => library.coarseMask(gray, { threshold: 3 })).toThrow('coarseMask: option "threshold": expected at most 1, got 3.');
});
