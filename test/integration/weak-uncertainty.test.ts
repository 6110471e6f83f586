import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { largestClass } from "../../src/image/index.ts";
import { readProbabilities } from "../../src/nnunet/index.ts";
import { runWeakPredict } from "../../src/pipeline/weak/predict/run.ts";
import { WeakPredictSettings } from "../../src/pipeline/weak/predict/settings.ts";
import { runWeakTrain } from "../../src/pipeline/weak/train/run.ts";
import { WeakTrainSettings } from "../../src/pipeline/weak/train/settings.ts";
import { runWeakUncertainty } from "../../src/pipeline/weak/uncertainty/run.ts";
import { WeakUncertaintySettings } from "../../src/pipeline/weak/uncertainty/settings.ts";
import { writeUncertaintyReport } from "../../src/report/index.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { version } from "../../src/version.ts";
import { eventsOf, tinyTraining, writeDisc, writeDiscs } from "../support/discs.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weak-uncertainty-"));
const at = (...parts: string[]) => join(folder, ...parts);
const data = at("Dataset001_Discs");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await writeDiscs(data);
  for (const name of ["known", "known-labels"]) mkdirSync(at(name));
  for (let i = 0; i < 5; i++) {
    await writeDisc(at("known", `v${i}.png`), 2 * i, 200 - 30 * i, 60);
    await writeDisc(at("known-labels", `v${i}.png`), 2 * i, 255, 0); // a mask of 0 and 255 is one of labels 0 and 1
  }
  await writeDisc(at("known", "v5.png"), 0, 60, 60); // nothing to see, and no foreground
  await writeDisc(at("known-labels", "v5.png"), 0, 0, 0);
  await eventsOf(runWeakTrain(WeakTrainSettings.parse({ data, out: at("run"), seed: 1, ...tinyTraining })));
});

const plain = { model: [at("run")], images: join(data, "new"), threads: 1 };
const labels = join(data, "truth");
const validation = { validationImages: at("known"), validationLabels: at("known-labels"), coverage: 0.5 };
const run = (out: string, settings: object, options = {}) =>
  runWeakUncertainty(WeakUncertaintySettings.parse({ ...plain, ...settings, out: at(out) }), options);
const json = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), "utf8"));

/** Contents of all result files of a run, without its record, which holds times. */
function resultsOf(out: string): Record<string, string> {
  const files = readdirSync(at(out), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name !== "run.json",
  );
  const entries = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(entries.map((file) => [file.slice(at(out).length), readFileSync(file, "base64")]));
}

test("a temperature and the range of the DSC are fitted on validation images, and change no label map", async () => {
  const events = await eventsOf(run("fitted", { ...validation, labels }));
  const networks = events.flatMap((event) => (event.type === "stage" && event.message.includes("network") ? [event.message] : []));
  // Two networks for six validation images, and for the two images to judge.
  expect(networks).toEqual([
    expect.stringMatching(/^6 images: epoch \d+, 1 of 2 networks$/),
    expect.stringMatching(/^6 images: epoch \d+, 2 of 2 networks$/),
    expect.stringMatching(/^2 images: epoch \d+, 1 of 2 networks$/),
    expect.stringMatching(/^2 images: epoch \d+, 2 of 2 networks$/),
  ]);
  expect(events.at(-1)).toMatchObject({ type: "end", done: 2, failed: 0 });
  const { masksUsed, temperature, dscRange } = json("fitted", "calibration.json");
  expect(masksUsed).toBe(6);
  expect(temperature.nllAfter).toBeLessThanOrEqual(temperature.nllBefore);
  expect(dscRange).toMatchObject({ measure: "pairwiseDice", coverage: 0.5, images: 3, needed: 1, isTooSmall: false, seed: 42 });

  const [head, ...rows] = readFileSync(at("fitted", "scores.csv"), "utf8").trim().split("\n");
  expect(head).toContain(",predictedDsc,dscLow,dscHigh,dsc,nsd,surfaceNsd");
  for (const row of rows) {
    const [predicted, low, high] = row.split(",").slice(-6).map(Number) as [number, number, number];
    expect(low).toBeLessThanOrEqual(predicted);
    expect(predicted).toBeLessThanOrEqual(high);
  }
  const { images, reliability, failureDetection } = json("fitted", "evaluation.json");
  expect([images, reliability.radiusPx]).toEqual([2, 10]);
  expect(reliability.before.pixels).toBe(reliability.after.pixels);
  expect(reliability.after.brier).not.toBe(reliability.before.brier);
  expect(Object.keys(failureDetection)).toEqual(["dsc", "nsd", "surfaceNsd"]);
  const text = JSON.stringify(events.at(-1));
  for (const line of ["6 masks used", "with the fitted temperature: calibration error", "AURC of 1 - surface NSD"])
    expect(text).toContain(line);

  await eventsOf(run("plain", {}));
  expect(json("plain", "calibration.json")).toEqual({ masksUsed: 0, temperature: null, dscRange: null });
  const [ours, others] = [resultsOf("fitted"), resultsOf("plain")];
  for (const file of ["/disc6.png", "/disc7.png", "/entropy/disc6.npy", "/entropy/disc7.png"]) expect(ours[file]).toBe(others[file]);
});

describe("an interrupted run goes on to the same bytes", () => {
  const isStage = (event: RunEvent) => event.type === "stage" && event.message.startsWith("validation image 2");
  const isItem = (event: RunEvent) => event.type === "item";
  test.each([
    ["in the validation images", isStage],
    ["in the images", isItem],
  ])("%s", async (where, isThere) => {
    const out = `interrupted ${where}`;
    const stop = new AbortController();
    const interrupted = async () => {
      for await (const event of run(out, { ...validation, labels }, { signal: stop.signal })) if (isThere(event)) stop.abort();
    };
    await expect(interrupted()).rejects.toThrow();
    await eventsOf(run(out, { ...validation, labels }));
    expect(resultsOf(out)).toEqual(resultsOf("fitted"));
  });
});

test("calibrated probabilities are written beside those of the mean, with the same most probable class", async () => {
  await eventsOf(run("soft", { ...validation, probabilities: true }));
  const [mean, soft] = await Promise.all(["", "calibrated"].map((folder) => readProbabilities(at("soft", folder, "disc6.npz"), true)));
  expect(soft!.data).not.toEqual(mean!.data);
  const isSure = (i: number) => Math.abs(mean!.data[i]! - 0.5) > 1e-4; // where rounding could not decide
  const classes = (maps: typeof mean) => largestClass(maps!).data.filter((_, i) => isSure(i));
  expect(classes(soft)).toEqual(classes(mean));
  const others = eventsOf(run("soft", { ...validation }));
  await expect(others).rejects.toThrow("holds results of other settings (probabilities was true, now it is false)");
  const predict = { model: at("run"), images: plain.images, out: at("soft"), threads: 1 };
  await expect(eventsOf(runWeakPredict(WeakPredictSettings.parse(predict)))).rejects.toThrow('the command was "weak uncertainty"');
});

test("with other validation labels or true labels the scores are made again", async () => {
  await eventsOf(run("again", validation));
  expect(json("again", "scores", "disc6.json")).toMatchObject({ truth: null, calibration: null });
  expect((await eventsOf(run("again", { ...validation, labels }))).at(-1)).toMatchObject({ done: 2, skipped: 0 });
  expect(json("again", "scores", "disc6.json").truth).not.toBeNull();
  expect((await eventsOf(run("again", { ...validation, coverage: 0.6, labels }))).at(-1)).toMatchObject({ done: 2, skipped: 0 });
  expect((await eventsOf(run("again", { ...validation, coverage: 0.6, labels }))).at(-1)).toMatchObject({ done: 0, skipped: 2 });
});

test("a validation image without labels is reported, and one that is an image to judge is named", async () => {
  cpSync(at("known-labels"), at("some-labels"), { recursive: true });
  renameSync(at("some-labels", "v3.png"), at("some-labels", "other.png"));
  const events = await eventsOf(run("shared", { ...validation, images: at("known"), validationLabels: at("some-labels") }));
  expect(events.filter(({ type }) => type === "failure")).toMatchObject([{ name: "validation: v3" }]);
  expect(JSON.stringify(events)).toContain('1 label map without an image of that name: \\"other\\"');
  expect(JSON.stringify(events)).toContain('6 images of --images also in --validation-images, such as \\"v0\\"');
  expect(events.at(-1)).toMatchObject({ done: 6, failed: 1 });
  expect(json("shared", "calibration.json").masksUsed).toBe(5);
  await expect(eventsOf(run("none", { ...validation, validationLabels: labels }))).rejects.toThrow(
    "of the validation images 0 can be used",
  );
});

test("the page shows the review list with pictures, and the command that repeats it", async () => {
  const html = readFileSync(await writeUncertaintyReport(at("fitted")), "utf8");
  expect(html.match(/<img src="data:image\/webp;base64,/g)).toHaveLength(4); // mask and entropy of two images
  expect(html).toContain("6 masks used");
  expect(html).toContain(
    `<code>npx medclip-sam@${version} weak uncertainty --model ${at("run")} --images ${plain.images} --labels ${labels}`,
  );
  expect(html).toMatch(/medclip-sam \d+\.\d+\.\d+.*, node/);
  rmSync(plain.images, { recursive: true });
  expect(readFileSync(await writeUncertaintyReport(at("fitted")), "utf8")).not.toContain("<img"); // without the images, the rest of the page
  await writeDiscs(data);
  await expect(writeUncertaintyReport(at("known"))).rejects.toThrow("holds no results of `weak uncertainty`");
});

test("a dry run estimates time and memory, and writes nothing", async () => {
  const of = async (events: Promise<RunEvent[]>) => JSON.stringify((await events).at(-1));
  const judged = await of(eventsOf(run("dry", { ...validation, dryRun: true })));
  expect(judged).toMatch(/8 images, \d+ patches of 32 x 32 each: windows, mirrored copies and 2 members/);
  const predict = { model: at("run", "model"), images: plain.images, out: at("dry"), dryRun: true, threads: 1 };
  const predicted = await of(eventsOf(runWeakPredict(WeakPredictSettings.parse(predict))));
  expect(predicted).toMatch(/2 images, 4 patches of 32 x 32 each.*about .* in all, .* GB of memory \(estimated\)\. Nothing was written\./);
  expect(existsSync(at("dry"))).toBe(false);
});

test("validation images need labels", async () => {
  await expect(eventsOf(run("none", { validationImages: at("known") }))).rejects.toThrow(
    "weak uncertainty: --validation-images needs --validation-labels, too.",
  );
});

describe("the files of a run's input are never replaced", () => {
  const predict = (out: string, settings: object = {}) =>
    eventsOf(runWeakPredict(WeakPredictSettings.parse({ ...plain, model: at("run"), out, ...settings })));
  const judge = (out: string, settings: object = {}) =>
    eventsOf(runWeakUncertainty(WeakUncertaintySettings.parse({ ...plain, out, ...settings })));
  const all = { images: at("own"), labels: at("own-labels"), validationImages: at("known"), validationLabels: at("known-labels") };

  beforeAll(() => {
    cpSync(plain.images, at("own"), { recursive: true });
    cpSync(labels, at("own-labels"), { recursive: true });
    symlinkSync(at("own"), at("link"), "junction");
  });

  test.each([
    ["images", at("own")],
    ["images", at("link")],
    ["labels", at("own-labels")],
    ["validation-images", at("known")],
    ["validation-labels", join(at("known"), "..", "known-labels")],
  ])("--%s as the output folder %s", async (flag, out) => {
    const before = readdirSync(out);
    for (const dryRun of [false, true]) {
      const message = `would write into the folder of --${flag}, `;
      await expect(judge(out, { ...all, dryRun, overwrite: true })).rejects.toMatchObject({
        code: "config",
        message: expect.stringContaining(message),
      });
      if (flag === "images") await expect(predict(out, { images: at("own"), dryRun, overwrite: true })).rejects.toThrow(message);
    }
    expect(readdirSync(out)).toEqual(before);
  });

  test("images in the folder of the entropy maps", async () => {
    cpSync(plain.images, at("above", "entropy"), { recursive: true });
    await expect(judge(at("above"), { images: at("above", "entropy"), overwrite: true })).rejects.toThrow("--images");
    expect(readdirSync(at("above"))).toEqual(["entropy"]);
  });

  test("a label map that no run has made, unless it may be overwritten", async () => {
    mkdirSync(at("mine"));
    writeFileSync(at("mine", "disc7.png"), "drawn by hand");
    for (const run of [predict, judge, (out: string) => judge(out, validation)])
      await expect(run(at("mine"))).rejects.toThrow(
        `disc7.png" already exists, and no record in "${at("mine")}" shows that a run made it.`,
      );
    expect(readdirSync(at("mine"))).toEqual(["disc7.png"]);
    expect((await predict(at("mine"), { overwrite: true })).at(-1)).toMatchObject({ done: 2 });
    expect((await predict(at("mine"))).at(-1)).toMatchObject({ done: 0, skipped: 2 });
    rmSync(at("mine", "run.json"));
    await expect(predict(at("mine"))).rejects.toThrow("already exists");
  });
});

test.each(["scores.csv", "evaluation.json", "calibration.json"])(
  "a %s that no run has made is not replaced, unless it may be",
  async (file) => {
    const out = `strange ${file}`;
    mkdirSync(at(out));
    writeFileSync(at(out, file), "written by hand");
    for (const settings of [{}, { ...validation, labels }])
      await expect(eventsOf(run(out, settings))).rejects.toThrow(`${file}" already exists, and no record in "${at(out)}" shows`);
    expect(readdirSync(at(out))).toEqual([file]);
    expect((await eventsOf(run(out, { labels, overwrite: true }))).at(-1)).toMatchObject({ done: 2 });
    expect(readFileSync(at(out, file), "utf8")).not.toBe("written by hand");
    expect((await eventsOf(run(out, { labels }))).at(-1)).toMatchObject({ done: 0, skipped: 2 });
  },
);

test("images without true labels, and labels of no image, are named once", async () => {
  mkdirSync(at("odd-labels"));
  copyFileSync(join(labels, "disc6.png"), at("odd-labels", "disc6.png"));
  copyFileSync(join(labels, "disc7.png"), at("odd-labels", "disk7.png"));
  const events = await eventsOf(run("odd", { labels: at("odd-labels") }));
  expect(events.filter(({ type }) => type === "warning")).toEqual([
    {
      type: "warning",
      message: `--labels "${at("odd-labels")}": 1 image without a label map of that name: "disc7" (the closest is "disc6"); 1 label map without an image of that name: "disk7" (the closest is "disc7")`,
    },
  ]);
  expect(json("odd", "evaluation.json").images).toBe(1);
});
