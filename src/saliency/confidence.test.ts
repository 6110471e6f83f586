import { expect, test } from "vitest";
import { openClip } from "../../test/support/clip-cases.ts";
import { nanoClip } from "../../test/support/models.ts";
import { normal } from "../tensor/random.ts";
import { tensor } from "../tensor/tensor.ts";
import { confidence, confidenceOf, summariseConfidence } from "./confidence.ts";

test("a fall from 0.5 to 0.3 is a drop of 20 %, a rise is an increase and no drop", () => {
  const [fall, rise, same] = [confidenceOf(0.5, 0.25), confidenceOf(0.25, 0.5), confidenceOf(0.5, 0.5)];
  expect([fall.drop, fall.isIncreased]).toEqual([0.25, false]);
  expect([rise.drop, rise.isIncreased]).toEqual([0, true]);
  expect([same.drop, same.isIncreased]).toEqual([0, false]);
  // By hand: (0.25 + 0 + 0) / 3 and 1 of 3.
  expect(summariseConfidence([fall, rise, same])).toEqual({ drop: 25 / 3, increase: 100 / 3, n: 3 });
});

test("a map of ones changes nothing; another map multiplies the normalised pixels", async () => {
  const clip = await openClip(await nanoClip());
  const view = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256) };
  const text = normal("text", 1, 16);
  const whole = await confidence(clip, view, new Float32Array(32 * 32).fill(1), text);
  expect(whole).toMatchObject({ drop: 0, isIncreased: false, masked: whole.similarity });
  const map = Float32Array.from({ length: 32 * 32 }, (_, i) => (i % 32) / 31);
  const found = await confidence(clip, view, map, text);
  const { data, shape } = clip.normalised(view);
  const kept = tensor(
    "float32",
    shape,
    data.map((value, i) => value * map[i % 1024]!),
  );
  const features = await clip.pixelFeatures(kept);
  const dot = features.reduce((sum, value, i) => sum + value * text[i]!, 0);
  expect(found.masked).toBeCloseTo(dot / (Math.hypot(...features) * Math.hypot(...text)), 6);
  expect(found.similarity).toBe(whole.similarity);
  expect(found.masked).not.toBe(found.similarity);
  await expect(confidence(clip, view, map.subarray(1), text)).rejects.toThrow("confidence: the map must have 1024 values, got 1023");
  await clip.dispose();
});
