import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initModel } from "../../src/hub/init.ts";
import { originOf } from "../../src/hub/origin.ts";
import { runFinetune } from "../../src/pipeline/finetune/run.ts";
import { FinetuneSettings } from "../../src/pipeline/finetune/settings.ts";
import { runPhantom } from "../../src/pipeline/phantom/run.ts";
import { PhantomSettings } from "../../src/pipeline/phantom/settings.ts";
import { runCoarse } from "../../src/pipeline/zero-shot/coarse.ts";
import { loadModel, segment } from "../../src/pipeline/zero-shot/library/of-files.ts";
import { runRefine } from "../../src/pipeline/zero-shot/refine.ts";
import { runSaliency } from "../../src/pipeline/zero-shot/saliency.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import {
  CoarseRunSettings,
  RefineRunSettings,
  SaliencyRunSettings,
  SegmentSettings,
} from "../../src/pipeline/zero-shot/settings/commands.ts";
import { readGray } from "../../src/scans/read-gray.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { nanoDenseClip, nanoDenseSizes, nanoSam } from "../support/models.ts";
import { collect, warningsOf, writeDisc, writeWords } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-dense-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => writeDisc(at("in", "a.png"), 1, 48, 40));

const segmented = async (out: string, given: object) => {
  const models = { clip: await nanoDenseClip(writeWords()), sam: await nanoSam() };
  const settings = { ...models, inputs: [at("in")], out: at(out), prompt: ["bright lesion"], saliencyMethod: "dense-text", ...given };
  const events = await collect(runSegment(SegmentSettings.parse(settings)));
  const { images } = JSON.parse(readFileSync(at(out, "run.json"), "utf8"));
  return { events, record: images[0] };
};

test("a target whose probability stays low everywhere is absent: an empty mask, and a warning that says how low", async () => {
  const { events, record } = await segmented("absent", { presence: 1 });
  const said = events.flatMap((event) => (event.type === "item" ? event.warnings : []));
  expect(said).toContainEqual(
    expect.stringMatching(
      /^the model does not find the target: its highest probability is 0\.\d\d, below --presence 1, so map and mask are empty\. That is no proof that the image does not show it$/,
    ),
  );
  expect(record.areaPx).toBe(0);
  expect(Math.max(...(await readGray(at("absent", "saliency", "a.png"))).data)).toBe(0);
});

test("the highest probability is looked for in the image, not in the padding of --fit pad", async () => {
  const model = await loadModel({ clip: await nanoDenseClip(writeWords()), sam: await nanoSam() });
  const image = { width: 64, height: 16, data: new Uint8Array(64 * 16 * 3).fill(120) };
  const { capacity, warnings } = await segment(model, image, "dark", { saliencyMethod: "dense-text", presence: 1, fit: "pad" });
  await model.dispose();
  // 64 x 16 pixels in 64 x 64 are rows 6 to 9 of 16.
  const [all, inImage] = [Math.max(...capacity), Math.max(...capacity.subarray(6 * 16, 10 * 16))].map((value) => value.toFixed(2));
  expect(inImage).not.toBe(all);
  expect(warnings).toContainEqual(expect.stringContaining(`its highest probability is ${inImage}, below --presence 1`));
});

test("absent stays absent where an empty coarse mask would become a box, in one run and in three steps", async () => {
  const models = { clip: await nanoDenseClip(writeWords()), sam: await nanoSam() };
  const method = { saliencyMethod: "dense-text", presence: 1, mode: "reference" };
  const { events, record } = await segmented("absent-box", { ...method, empty: "box" });
  expect(record).toMatchObject({ absent: true, boxes: [], areaPx: 0 });
  expect(events.flatMap((event) => (event.type === "item" ? event.warnings : []))).toContainEqual(
    expect.stringContaining("the model does not find the target"),
  );
  const saliency = { clip: models.clip, inputs: [at("in")], out: at("steps"), prompt: ["bright lesion"], ...method };
  await collect(runSaliency(SaliencyRunSettings.parse(saliency)));
  await collect(runCoarse(CoarseRunSettings.parse({ inputs: [at("steps")], out: at("steps-coarse"), mode: "reference" })));
  const refine = { sam: models.sam, inputs: [at("in")], coarse: at("steps-coarse"), empty: "box", mode: "reference" };
  await collect(runRefine(RefineRunSettings.parse({ ...refine, out: at("steps-masks") })));
  const { images } = JSON.parse(readFileSync(at("steps-masks", "run.json"), "utf8"));
  expect(images[0]).toMatchObject({ absent: true, boxes: [], areaPx: 0 });
  const model = await loadModel(models);
  const file = at("in", "a.png");
  const found = await segment(model, file, "bright lesion", { ...method, saliencyMethod: "dense-text", mode: "paper", empty: "box" });
  expect([found.boxes, Math.max(...found.mask.data)]).toEqual([[], 0]);
  await model.dispose();
});

test("otherwise its map holds the probabilities as they are, not stretched, and a mask prompt may follow", async () => {
  const settings = { presence: 0, coarseMethod: "threshold", threshold: 0, maskPrompt: true, raw: true };
  const { record } = await segmented("present", settings);
  const { tensors } = await readSafetensors(at("present", "raw", "a.safetensors"));
  const { shape, data } = tensors.get("capacity")!;
  expect(shape).toEqual([16, 16]);
  const highest = Math.max(...(data as Float32Array));
  const map = await readGray(at("present", "saliency", "a.png"));
  expect(highest).toBeLessThan(0.98); // so that a map that was stretched to 1 would be seen
  expect(Math.max(...map.data)).toBeLessThanOrEqual(Math.ceil(255 * highest));
  expect(Math.max(...map.data)).toBeGreaterThan(0.7 * 255 * highest); // between the centres of cells it is lower
  expect(record.boxes).toHaveLength(1);
});

test("finetune trains the branch on augmented images, and the same seed gives the same model", async () => {
  await collect(runPhantom(PhantomSettings.parse({ out: at("phantoms"), count: 4, modalities: ["chest-xray"], seed: 1, size: 64 })));
  const trained = async (out: string) => {
    const settings = {
      ...{ clip: await nanoDenseClip(at("phantoms", "vocab.txt")), pairs: [at("phantoms", "captions.csv")] },
      ...{ regions: at("phantoms", "regions.csv"), out: at(out), epochs: 1, batch: 2, validation: 0, schedule: "constant", lr: 1e-3 },
      ...{ augment: "strong", emptyCrops: 0.5, diceWeight: 1, workers: 0 },
    };
    const events = await collect(runFinetune(FinetuneSettings.parse(settings)));
    expect(warningsOf(events).filter((message) => message.includes("no effect"))).toEqual([]);
    return readFileSync(at(out, "model", "open_clip_model.safetensors"));
  };
  const first = await trained("one");
  expect((await trained("two")).equals(first)).toBe(true);
  expect(first.equals(readFileSync(join(await nanoDenseClip(at("phantoms", "vocab.txt")), "open_clip_model.safetensors")))).toBe(false);
});

test("without outlined images finetune leaves the branch as it is, warns, and the model goes on saying that it is random", async () => {
  await collect(runPhantom(PhantomSettings.parse({ out: at("pairs"), count: 4, modalities: ["chest-xray"], seed: 1, size: 64 })));
  const clip = at("random-clip");
  const source = join(clip, "open_clip_model.safetensors");
  writeFileSync(at("sizes.json"), JSON.stringify({ clip: nanoDenseSizes }));
  await initModel(at("sizes.json"), clip, { seed: 1, purpose: "training", vocabulary: at("pairs", "vocab.txt") });
  const settings = {
    ...{ clip, pairs: [at("pairs", "captions.csv")], out: at("no-regions"), epochs: 1, batch: 2, validation: 0 },
    ...{ schedule: "constant", lr: 1e-3, weightDecay: 0.5, workers: 0 },
  };
  const said = warningsOf(await collect(runFinetune(FinetuneSettings.parse(settings))));
  expect(said).toContainEqual(
    expect.stringMatching(
      /^the convolutional branch of the model, .* is not trained: --dense-weight, --dice-weight and --presence-weight.* are 0$/,
    ),
  );
  const model = at("no-regions", "model", "open_clip_model.safetensors");
  const [before, after] = [(await readSafetensors(source)).tensors, (await readSafetensors(model)).tensors];
  const isSame = (name: string) => after.get(name)!.data.toString() === before.get(name)!.data.toString();
  expect([...before.keys()].filter((name) => name.startsWith("visual.dense.")).every(isSame)).toBe(true);
  expect(isSame("visual.head.proj.weight")).toBe(false);
  expect(await originOf(model)).toEqual({ untrained: "convolutional branch" });
});
