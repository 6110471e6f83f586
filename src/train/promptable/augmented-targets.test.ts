import { expect, test } from "vitest";
import { AugmentSettings, augmentPresets } from "../../augment/index.ts";
import type { Image, Mask } from "../../image/index.ts";
import { samVariants, targetGrid } from "../../segment/index.ts";
import { augmentedTargets, type OutlinedSource, targetOutlines } from "./augmented-targets.ts";

const sizes = { variant: "sam", side: 64, cells: 16 } as const;
type Inside = (x: number, y: number) => boolean;
const rectangle =
  (x0: number, y0: number, x1: number, y1: number): Inside =>
  (x, y) =>
    x >= x0 && x < x1 && y >= y0 && y < y1;

const maskOf = (width: number, height: number, inside: Inside): Mask => ({
  ...{ width, height },
  data: Uint8Array.from({ length: width * height }, (_, i) => (inside(i % width, Math.floor(i / width)) ? 1 : 0)),
});

/** A picture that is bright on the target, at the model's size, and its source. */
function picture(width: number, height: number, inside: Inside, guess?: Inside): { image: Image; source: OutlinedSource } {
  const [truth, coarse] = [maskOf(width, height, inside), guess && maskOf(width, height, guess)];
  const whole = {
    width,
    height,
    data: Uint8Array.from({ length: 3 * width * height }, (_, i) => (truth.data[Math.floor(i / 3)] ? 220 : 20)),
  };
  const image = samVariants.sam.resize(whole, sizes.side);
  const source = {
    ...{ extent: { width: image.width, height: image.height }, outlines: targetOutlines(truth, coarse, sizes) },
    ...{ truth: targetGrid(truth, sizes)!, coarse: coarse && targetGrid(coarse, sizes) },
  };
  return { image, source };
}

const of = (settings: AugmentSettings, seed = 1) => ({ ...sizes, settings, seed });
const strong = of(augmentPresets.strong);
const names = Array.from({ length: 40 }, (_, i) => `${i}/0`);
const middle = rectangle(24, 20, 44, 36);

test("without any transform image and targets stay, whatever the shape and the size of the image", () => {
  for (const [width, height, scale] of [
    [64, 64, 1],
    [64, 40, 1],
    [32, 64, 1],
    [192, 120, 3],
  ] as const) {
    const inside = rectangle(8 * scale, 12 * scale, 20 * scale, 32 * scale);
    const { image, source } = picture(width, height, inside, inside);
    const { image: same, sources } = augmentedTargets(image, [source], "0/0", of(augmentPresets.none));
    const { truth, coarse, extent } = source;
    expect(same).toEqual(image);
    expect(sources).toEqual([{ truth, coarse, extent }]);
  }
});

test("mirroring moves image, mask and coarse mask to the other side, within the image's part of the square", () => {
  const settings = AugmentSettings.parse({ mirror: { horizontal: 1 } });
  const { image, source } = picture(40, 64, rectangle(4, 8, 12, 24), rectangle(4, 8, 16, 24));
  const { image: mirrored, sources } = augmentedTargets(image, [source], "0/0", of(settings));
  expect(sources[0]!.truth.box).toEqual({ x0: 28, y0: 8, x1: 36, y1: 24 });
  expect(sources[0]!.coarse!.box).toEqual({ x0: 24, y0: 8, x1: 36, y1: 24 });
  expect(mirrored.data[3 * (10 * 40 + 30)]).toBe(220);
  expect(mirrored.data[3 * (10 * 40 + 6)]).toBe(20);
});

test("the target is where the image is bright after any change in space, and a coarse mask like it moves with it", () => {
  const { rotation, scale, shift, elastic, mirror } = augmentPresets.strong;
  const settings = AugmentSettings.parse({ rotation, scale, shift, elastic, mirror });
  const { image, source } = picture(64, 52, middle, middle);
  let moves = 0;
  for (const name of names) {
    const { image: moved, sources } = augmentedTargets(image, [source], name, of(settings));
    const [{ truth, coarse }] = sources as [OutlinedSource];
    expect(coarse).toEqual(truth);
    if (JSON.stringify(truth.box) !== JSON.stringify(source.truth.box)) moves++;
    for (let i = 0; i < 13 * 16; i++) {
      const [x, y] = [i % 16, i >> 4];
      let sum = 0;
      for (let k = 0; k < 16; k++) sum += moved.data[3 * ((4 * y + (k >> 2)) * 64 + 4 * x + (k % 4))]!;
      const bright = (sum / 16 - 20) / 200; // how much of the cell is
      if (Math.abs(bright - 0.5) > 0.2) expect(truth.cells[i], `${name}, cell ${x}, ${y}`).toBe(bright > 0.5 ? 1 : 0);
    }
  }
  expect(moves).toBeGreaterThan(20);
});

test("the bytes depend on name and seed alone; the targets of an image share its draw, also repeated ones", () => {
  const { image, source } = picture(64, 64, middle);
  const other = picture(64, 64, rectangle(4, 4, 20, 20)).source;
  const first = augmentedTargets(image, [source, other, source], "3/1", strong);
  expect(augmentedTargets(image, [source, other, source], "3/1", strong)).toEqual(first);
  expect(first.sources[2]).toBe(first.sources[0]);
  const alone = augmentedTargets(image, [source], "3/1", strong);
  expect(alone.image).toEqual(first.image);
  expect(alone.sources[0]).toEqual(first.sources[0]);
  for (const [name, seed] of [
    ["4/1", 1],
    ["3/0", 1],
    ["3/1", 2],
  ] as const)
    expect(augmentedTargets(image, [source], name, of(augmentPresets.strong, seed)).image).not.toEqual(first.image);
});

test("a target that would leave the picture is drawn again, and stays where no draw keeps it", () => {
  const { image, source } = picture(64, 64, rectangle(0, 0, 6, 6));
  const shifted = (least: number, most: number) => AugmentSettings.parse({ shift: { probability: 1, fraction: [least, most] } });
  for (const name of names) {
    const { sources } = augmentedTargets(image, [source], name, of(shifted(-0.3, 0.3)));
    expect(sources[0]!.truth.cells.includes(1)).toBe(true);
  }
  const sent = [-0.3, 0.3].map((fraction) => of({ ...shifted(fraction, fraction), brightness: { probability: 1, factor: [0.8, 0.8] } }));
  const [one, two] = sent.map((options) => augmentedTargets(image, [source], "0/0", options));
  const [away, near] = one!.sources[0]!.truth.box.x0 === 0 ? [one!, two!] : [two!, one!];
  expect(away.sources[0]!.truth).toEqual(source.truth);
  expect(away.image).not.toEqual(image); // its levels change nevertheless
  expect(near.sources[0]!.truth).not.toEqual(source.truth);
});

test("a coarse mask that leaves the picture is no source of prompts", () => {
  const settings = AugmentSettings.parse({ shift: { probability: 1, fraction: [0.3, 0.3] } });
  const both = [rectangle(0, 0, 4, 4), rectangle(60, 60, 64, 64)].map((guess) => picture(64, 64, middle, guess));
  const moved = both.map(({ image, source }) => augmentedTargets(image, [source], "0/0", of(settings)).sources[0]!);
  expect(moved.map(({ coarse }) => coarse !== undefined).sort()).toEqual([false, true]);
  expect(moved.every(({ truth }) => truth.cells.includes(1))).toBe(true);
});
