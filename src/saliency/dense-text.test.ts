import { afterAll, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { nanoClip, nanoDenseClip } from "../../test/support/models.ts";
import { locateClip } from "../hub/locate.ts";
import { ClipModel, outputGrid } from "../models/clip/index.ts";
import { normal } from "../tensor/random.ts";
import { denseText } from "./dense-text.ts";
import { mapOfProbabilities } from "./map.ts";

const open = async (folder: string) => {
  const { weights, hints } = await locateClip(folder);
  return await ClipModel.open(weights, hints);
};
const view = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256) };
const clip = await open(await nanoDenseClip());
const method = denseText.open(clip, {});
afterAll(() => method.dispose());

test("one encoding of the image serves all texts; each place has a probability, which depends on the direction of the text", async () => {
  const places = await method.hiddenTokens(view);
  expect([method.grid, places.shape]).toEqual([16, [1, 256, clip.config.embed]]);
  const text = normal("text", 1, clip.config.embed);
  const values = await method.attribute(places, text);
  expect(values).toHaveLength(256);
  expect(Math.min(...values)).toBeGreaterThan(0);
  expect(Math.max(...values)).toBeLessThan(1);
  const longer = text.map((value) => 3 * value);
  expectClose(await method.attribute(places, longer), values, 1e-6, "a longer text");
  expect(await method.attribute(places, normal("text", 2, clip.config.embed))).not.toEqual(values);
});

test("the branch is read from the weights: without it the grid is that of the patches, and the method says what is missing", async () => {
  const plain = await open(await nanoClip());
  expect([outputGrid(clip.config), outputGrid(plain.config)]).toEqual([16, 8]);
  expect(clip.config.dense).toEqual({ channels: [8, 16], stride: 2 });
  expect(() => denseText.open(plain, {})).toThrow(/convolutional branch.*visual\.dense.*--saliency-method m2ib/);
  await plain.dispose();
});

test("a map of probabilities is not stretched, and empty where none reaches the threshold", () => {
  const values = Float32Array.from([0, 0.2, 0.2, 0.6]);
  const { map, isPresent, peak } = mapOfProbabilities(values, 4, 0.5);
  expect([isPresent, peak]).toEqual([true, Math.fround(0.6)]);
  expect(Math.max(...map)).toBeCloseTo(0.6);
  const absent = mapOfProbabilities(values, 4, 0.7);
  expect([absent.isPresent, Math.max(...absent.map)]).toEqual([false, 0]);
});

test("the highest probability is that of the picture, not of the padding beside it", () => {
  // A picture of 8 x 4 pixels in the middle of 8 x 8, of which 4 x 4 cells show it in their rows 1 and 2.
  const rows = [0.9, 0.2, 0.3, 0.9];
  const values = Float32Array.from({ length: 16 }, (_, i) => rows[Math.floor(i / 4)]!);
  const peakIn = (part: { x0: number; y0: number; x1: number; y1: number }) => mapOfProbabilities(values, 8, 0.5, part).peak;
  expect(peakIn({ x0: 0, y0: 2, x1: 8, y1: 6 })).toBeCloseTo(0.3);
  expect(peakIn({ x0: 0, y0: 1, x1: 8, y1: 6 })).toBeCloseTo(0.9); // the centre of row 0 is at 1
  expect(peakIn({ x0: 0, y0: 3.5, x1: 8, y1: 4.5 })).toBeCloseTo(0.3); // no centre lies in a picture that is so flat
  expect(mapOfProbabilities(values, 8, 0.5, { x0: 0, y0: 2, x1: 8, y1: 6 }).isPresent).toBe(false);
});
