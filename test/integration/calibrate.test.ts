import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel, readCalibration, segment, segmentTargets } from "../../src/index.ts";
import { runCalibrate } from "../../src/pipeline/calibrate/run.ts";
import { CalibrateSettings } from "../../src/pipeline/calibrate/settings.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import { SegmentSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { signNames } from "../../src/presence/index.ts";
import { collect, nanoModels, warningsOf, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-calibrate-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const [negatives, positives] = [24, 24];
let models: { clip: string; sam: string };
beforeAll(async () => {
  models = await nanoModels();
  for (let i = 0; i < negatives; i++) await writeDisc(at("without", `${i}.png`), i, 40, 32);
  writeFileSync(at("without", "damaged.png"), "no picture");
  for (let i = 0; i < positives; i++) await writeDisc(at("positives", `${i}.png`), i - 9, 40, 32);
  for (let i = 0; i < 4; i++) await writeDisc(at("with", `${i}.png`), i - 9, 40, 32);
});

const method = { saliencyMethod: "gradcam", layer: 0, prompt: ["bright lesion"] } as const;
const calibrated = (given: object) =>
  collect(runCalibrate(CalibrateSettings.parse({ ...method, ...models, images: [at("without")], ...given })));
const segmented = (out: string, given: object = {}) =>
  collect(runSegment(SegmentSettings.parse({ ...method, ...models, inputs: [at("with")], out: at(out), ...given })));
const record = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8"));

describe("calibrate", () => {
  test("measures the signs of all images that can be read, and writes how it came to its threshold", async () => {
    const events = await calibrated({ positives: [at("positives")], out: at("calibration.json") });
    expect(events.filter(({ type }) => type === "failure")).toMatchObject([{ name: "damaged" }]);
    expect(events.at(-1)).toMatchObject({ type: "end", done: negatives + positives, failed: 1 });
    const { calibration, made } = JSON.parse(readFileSync(at("calibration.json"), "utf8"));
    expect(Object.keys(calibration.signs)).toEqual(signNames);
    expect(calibration).toMatchObject({ version: 2, falseAlarms: 0.1, weights: "fitted" });
    expect(Object.keys(calibration.discriminants)).toEqual(["clipFeatures", "samFeatures"]);
    expect(made).toMatchObject({
      prompts: [["bright lesion"]],
      images: { negatives, positives },
      settings: { saliencyMethod: "gradcam", layer: 0, visualPrompt: "box", mode: "paper" },
    });
    expect(made.judged.falseAlarms).toBeLessThanOrEqual(0.1);
    expect(made.judged.repeated.halves).toBe(20);
    expect(made.settings).not.toHaveProperty("beta");
    const again = await calibrated({ positives: [at("positives")], out: at("again.json") });
    expect(again.at(-1)).toMatchObject({ type: "end", failed: 1 });
    expect(readFileSync(at("again.json"), "utf8")).toBe(readFileSync(at("calibration.json"), "utf8"));
  });

  test("needs enough images for the rate of false alarms", async () => {
    await expect(calibrated({ images: [at("with")], out: at("few.json") })).rejects.toThrow(
      "a false-alarm rate of 0.1 needs at least 17 images without the target, got 4",
    );
  });
});

describe("calibrate refuses before any work", () => {
  test("an output that is an image or another file, but replaces a calibration", async () => {
    const message = "exists and is no calibration, and would be overwritten";
    await expect(calibrated({ positives: [at("positives")], out: at("positives", "3.png") })).rejects.toThrow(message);
    expect(readFileSync(at("positives", "3.png")).subarray(1, 4).toString()).toBe("PNG");
    writeFileSync(at("prompts.json"), '{ "*": "bright lesion" }');
    await expect(calibrated({ prompt: undefined, prompts: at("prompts.json"), out: at("prompts.json") })).rejects.toThrow(message);
    expect((await calibrated({ out: at("again.json") })).at(-1)).toMatchObject({ type: "end" });
  });

  test("images that are given as both", async () => {
    const both = calibrated({ positives: [at("without", "3.png")], out: at("both.json") });
    await expect(both).rejects.toThrow("1 image of --positives are given to --images, too: 3. Give each to one of them.");
  });
});

describe("segment with a calibration", () => {
  /** The calibration with another threshold: at `Infinity` nothing counts as present. */
  const withThreshold = (name: string, threshold: number) => {
    const file = JSON.parse(readFileSync(at("calibration.json"), "utf8"));
    writeFileSync(at(name), JSON.stringify({ ...file, calibration: { ...file.calibration, threshold } }));
    return at(name);
  };
  const areas = (out: string) => record(out).images.map(({ areaPx }: { areaPx: number }) => areaPx);

  test("a target below the threshold gets an empty mask, and the record says why", async () => {
    await segmented("plain");
    expect(Math.max(...areas("plain"))).toBeGreaterThan(0);
    const events = await segmented("absent", { calibration: withThreshold("never.json", 1e6) });
    expect(areas("absent")).toEqual([0, 0, 0, 0]);
    const [image] = record("absent").images;
    expect(image).toMatchObject({ absent: true, presence: { threshold: 1e6, isPresent: false } });
    expect(Object.keys(image.presence.signs)).toEqual(signNames);
    expect(image.warnings.join()).toContain("the image seems not to show the target (score");
    expect(record("absent").weights).toHaveProperty("calibration");
    expect(events.at(-1)).toMatchObject({ emptyMasks: 4 });
  });

  test("one above it keeps its mask", async () => {
    await segmented("present", { calibration: withThreshold("always.json", -1e6), abstain: true });
    expect(areas("present")).toEqual(areas("plain"));
    expect(record("present").images[0]).toMatchObject({ presence: { isPresent: true } });
    expect(record("present").images[0]).not.toHaveProperty("absent");
  });

  test("--no-abstain does without", async () => {
    await segmented("kept", { calibration: at("never.json"), abstain: false });
    expect(areas("kept")).toEqual(areas("plain"));
    expect(record("kept").images[0]).not.toHaveProperty("presence");
  });

  test("one of other settings is not used, which is said, or an error where it is asked for", async () => {
    const other = { calibration: at("never.json"), coarseMethod: "otsu" };
    const message = `"${at("never.json")}" was made with --coarse-method kmeans`;
    const warnings = warningsOf(await segmented("other", other));
    expect(warnings).toContain(`${message}, so it is not used, and every target gets a mask`);
    await expect(segmented("refused", { ...other, abstain: true })).rejects.toThrow(`${message}. Use the same, or calibrate again.`);
  });

  test("one of another text prompt is not used either", async () => {
    const other = { calibration: at("never.json"), prompt: ["dark ring"] };
    const message = `"${at("never.json")}" was made with the text prompt "bright lesion", not "dark ring"`;
    const events = await segmented("ring", other);
    expect(warningsOf(events)).toContain(`${message}, so it is not used, and every target gets a mask`);
    await expect(segmented("ring-refused", { ...other, abstain: true })).rejects.toThrow(message);
    const both = { calibration: at("never.json"), prompt: undefined, target: ["a=bright lesion", "b=dark ring"], abstain: true };
    await expect(segmented("both-refused", both)).rejects.toThrow(message);
  });

  test("--abstain without a calibration says how to make one", async () => {
    await expect(segmented("none", { abstain: true })).rejects.toThrow(
      "--abstain needs a calibration. Make one of images that do not show",
    );
  });
});

describe("the library's segment with a calibration", () => {
  const { prompt, ...settings } = method;
  const file = at("with", "0.png");
  /** The calibration with a threshold above or below every score. */
  const calibration = async (threshold: number) => {
    const content = await readCalibration(at("calibration.json"));
    return { ...content, calibration: { ...content.calibration, threshold } };
  };

  test("empties the mask below the threshold, says so, and gives the signs that the command records", async () => {
    const model = await loadModel(models);
    const plain = await segment(model, file, prompt, settings);
    const absent = await segment(model, file, prompt, { ...settings, calibration: await calibration(1e6) });
    const present = await segment(model, file, prompt, { ...settings, calibration: await calibration(-1e6) });
    expect(plain.presence).toBeUndefined();
    expect(plain.mask.data).toContain(1);
    expect(absent.mask.data).not.toContain(1);
    expect(absent.warnings.join()).toContain("the image seems not to show the target");
    expect(absent).toMatchObject({ presence: { threshold: 1e6, isPresent: false }, coarse: plain.coarse });
    expect(present.mask).toEqual(plain.mask);
    expect(present.presence!.signs).toEqual(record("present").images[0].presence.signs);
    const { targets } = await segmentTargets(model, file, { lesion: prompt }, { ...settings, calibration: await calibration(1e6) });
    expect(targets.lesion!.mask.data).not.toContain(1);
    await model.dispose();
  });

  test("refuses a calibration of other settings, of other weights, and what is none", async () => {
    const model = await loadModel(models);
    const made = await calibration(0);
    const asked = (given: object) => segment(model, file, prompt, { ...settings, calibration: made, ...given });
    await expect(asked({ coarseMethod: "otsu" })).rejects.toThrow(
      "segment: the calibration was made with --coarse-method kmeans. Use the same",
    );
    const other = { ...made, made: { ...made.made, weights: { ...made.made.weights, sam: "0" } } };
    await expect(asked({ calibration: other })).rejects.toThrow("segment: the calibration was made with another SAM. Calibrate again.");
    await expect(asked({ calibration: { threshold: 1 } })).rejects.toThrow(
      'segment: option "calibration" is no calibration of this version',
    );
    await expect(asked({ saliencyMethod: async () => new Float32Array(64) })).rejects.toThrow("needs a named saliencyMethod");
    await model.dispose();
  });
});
