import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { nanoSam, randomModel } from "../../test/support/models.ts";
import { type SamFile, temporaryFolder, writeSam } from "../../test/support/sam-cases.ts";
import { compareCase } from "../../test/support/sam-parity.ts";
import { describeCases } from "../../test/support/shared-data.ts";
import { InputError } from "../errors.ts";
import { locateSam } from "../hub/locate.ts";
import type { Image } from "../image/index.ts";
import { samConfigOf, samFamily, samPresets } from "../models/sam/index.ts";
import { Weights } from "../models/weights.ts";
import { readSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import { SamPredictor, type SamPrompts } from "./index.ts";

const _config = samPresets["sam-tiny"]!;
let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
/** A model of the least size: for images of 64 pixels, with logits of 32. */
let file: string;
beforeAll(async () => {
  temporary = await temporaryFolder();
  file = (await locateSam(await nanoSam())).weights;
});
afterAll(() => temporary.remove());

/** A million numbers are compared as bytes: the matchers would take seconds. */
const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.compare(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), new Uint8Array(b.buffer, b.byteOffset, b.byteLength)) === 0;

/** A picture made of numbers alone: a bright square on a gradient. */
const picture: Image = {
  width: 48,
  height: 32,
  data: Uint8Array.from({ length: 48 * 32 * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 48, Math.floor(i / 144)];
    return x > 10 && x < 30 && y > 8 && y < 24 ? 200 : 2 * x + y + 10 * (i % 3);
  }),
};
const box = { x0: 10, y0: 8, x1: 30, y1: 24 };
const points = [
  { x: 20, y: 16, label: 1 },
  { x: 40, y: 4, label: 0 },
] as const;

describeCases<SamFile>("parity/sam", /^tiny-.*\.safetensors$/, "predictions of the reference", (files) => {
  // The first image with all prompts, the second with two; the slow tests have all.
  test.for(files.slice(0, 2).map((file, index) => ({ ...file, index })))(
    "$file: embedding, prompts, masks",
    async ({ index, file, settings }, { skip }) => {
      const predictor = await SamPredictor.open((await locateSam(await randomModel("sam-tiny", undefined, settings.seed))).weights);
      const reason = await compareCase(predictor, file, index === 0 ? undefined : ["boxes3", "points5"]);
      await predictor.dispose();
      skip(reason !== undefined, reason);
    },
  );
});

test("weights that are not numbers are an error, not an empty mask", async () => {
  const { tensors } = await readSafetensors(file);
  const damaged = join(temporary.folder, "damaged.safetensors");
  const bias = tensors.get("mask_decoder.iou_prediction_head.layers.2.bias")!;
  (bias.data as Float32Array)[0] = Number.NaN;
  await writeSafetensors(damaged, Object.fromEntries(tensors));
  const predictor = await SamPredictor.open(damaged);
  await predictor.setImage(picture);
  await expect(predictor.predict({ boxes: [{ x0: 4, y0: 4, x1: 20, y1: 20 }] })).rejects.toThrow(
    /damaged.safetensors": the logits and scores of the mask are not finite numbers/,
  );
  await predictor.dispose();
});

describe("names of the Hugging Face port", () => {
  test.each([1, 2])("the same weights under scheme %i give the same bits", async (index) => {
    const port = samFamily.schemes[index]!;
    const nano = samConfigOf(await Weights.open(file, samFamily));
    const plain = await writeSam(join(temporary.folder, "official.safetensors"), nano);
    const renamed = await writeSam(join(temporary.folder, `port-${index}.safetensors`), nano, {
      rename: (official) => port.locate(official) as string,
    });
    const results = [];
    for (const path of [plain, renamed]) {
      const predictor = await SamPredictor.open(path);
      const { values } = await predictor.setImage(picture);
      const [prediction] = await predictor.predict({ boxes: [box], points });
      results.push({ embedding: values.data, logits: prediction!.logits, scores: prediction!.scores });
      await predictor.dispose();
    }
    for (const name of ["embedding", "logits", "scores"] as const) expect(sameBits(results[0]![name], results[1]![name]), name).toBe(true);
  });
});

describe("the predictor", () => {
  let predictor: SamPredictor;
  beforeAll(async () => {
    predictor = await SamPredictor.open(file);
  });
  afterAll(() => predictor.dispose());

  test("needs an image and a prompt", async () => {
    const fresh = await SamPredictor.open(file);
    await expect(fresh.predict({ boxes: [box] })).rejects.toThrow("Call setImage first");
    await predictor.setImage(picture);
    await expect(predictor.predict({ boxes: [], points: [] })).rejects.toThrow(InputError);
  });

  test("a mask has the size of the image, and there is one prediction a box", async () => {
    await predictor.setImage(picture);
    const predictions = await predictor.predict({ boxes: [box, { x0: 0, y0: 0, x1: 48, y1: 32 }] });
    expect(predictions).toHaveLength(2);
    for (const prediction of predictions) {
      const { width, height, data } = prediction.mask(1);
      expect([width, height, data.length]).toEqual([48, 32, 48 * 32]);
      expect(prediction.logits).toHaveLength(4 * 32 * 32);
      expect(prediction.candidates().masks).toHaveLength(3);
      expect(() => prediction.mask(4)).toThrow("there are masks 0 to 3, asked for 4");
    }
  });

  test("a box among others is answered as if it were alone", async () => {
    await predictor.setImage(picture);
    const other = { x0: 0, y0: 0, x1: 48, y1: 32 };
    const together = await predictor.predict({ boxes: [other, box], points });
    const [alone] = await predictor.predict({ boxes: [box], points });
    expect(sameBits(together[1]!.logits, alone!.logits)).toBe(true);
  });

  test("however many boxes are answered in one call, the answers are the same", async () => {
    const boxes = Array.from({ length: 5 }, (_, i) => ({ x0: i, y0: 2 * i, x1: 30 + 3 * i, y1: 20 + i }));
    await predictor.setImage(picture);
    const pairs = await predictor.predict({ boxes, points });
    for (const boxesACall of [1, 3, 8]) {
      const other = await SamPredictor.open(file, { boxesACall });
      await other.setImage(picture);
      for (const [i, { logits, scores }] of (await other.predict({ boxes, points })).entries()) {
        expect(sameBits(logits, pairs[i]!.logits) && sameBits(scores, pairs[i]!.scores), `box ${i}, ${boxesACall} a call`).toBe(true);
      }
      await other.dispose();
    }
  });

  test("attention in small pieces gives the same embedding to the last digits", async () => {
    const { values } = await predictor.setImage(picture);
    const small = await SamPredictor.open(file, { queriesAChunk: 16 });
    expectClose((await small.setImage(picture)).values.data, values.data, 1e-5);
    await small.dispose();
  });

  test("an encoder in 8 bits gives nearly the same embedding", async () => {
    const { weights } = await locateSam(await randomModel("sam-tiny"));
    const [exact, rounded] = [await SamPredictor.open(weights), await SamPredictor.open(weights, { precision: "int8" })];
    const { values } = await exact.setImage(picture);
    const { data } = (await rounded.setImage(picture)).values;
    await Promise.all([exact.dispose(), rounded.dispose()]);
    const norm = (numbers: Float32Array) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
    const error = norm(data.map((x, i) => x - values.data[i]!)) / norm(values.data);
    expect(error).toBeGreaterThan(1e-4); // else nothing was rounded
    expect(error).toBeLessThan(0.04);
  });

  test("many kinds of prompts give the same answers concurrently as one by one", async () => {
    await predictor.setImage(picture);
    const kinds = Array.from({ length: 6 }, (_, i): SamPrompts => ({ points: Array.from({ length: i + 1 }, () => points[0]) }));
    const together = await Promise.all(kinds.map((prompts) => predictor.predict(prompts)));
    for (const [i, prompts] of kinds.entries()) {
      const [alone] = await predictor.predict(prompts);
      expect(sameBits(alone!.logits, together[i]![0]!.logits)).toBe(true);
    }
  });

  test("a failed call does not affect the next one", async () => {
    const failed = predictor.predict({ points: [], boxes: [] });
    const next = predictor.predict({ points });
    await expect(failed).rejects.toThrow("at least one box, point or mask");
    expect(await next).toHaveLength(1);
  });

  test("an embedding outlives the next image and the encoder, and prompting it changes nothing", async () => {
    const prompts: SamPrompts = { points };
    const embedding = await predictor.setImage(picture);
    const [first] = await predictor.predict(prompts);
    const gray: Image = { width: 50, height: 20, data: new Uint8Array(3000).fill(90) };
    await predictor.setImage(gray);
    const [other] = await predictor.predict(prompts);
    await predictor.releaseEncoder();
    const [again] = await predictor.predict(prompts, { embedding });
    expect(sameBits(again!.logits, first!.logits)).toBe(true);
    expect(sameBits(again!.logits, other!.logits)).toBe(false);
    expect(again!.mask()).toEqual(first!.mask());
    expect(sameBits((await predictor.setImage(picture)).values.data, embedding.values.data)).toBe(true);
  });
});
