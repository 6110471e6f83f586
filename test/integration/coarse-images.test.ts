import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settingsOf } from "../../src/cli/given-settings.ts";
import { CrfSettings, crfMask } from "../../src/coarse/crf/crf.ts";
import { keepComponents, opencvLinear, rgbImage } from "../../src/image/index.ts";
import { runCoarse } from "../../src/pipeline/zero-shot/coarse.ts";
import { CoarseRunSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { decodeMask } from "../support/pictures.ts";
import { collect } from "../support/tiny-run.ts";

// The command `coarse` with a method that looks at the images.

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-coarse-"));
const at = (...parts: string[]) => join(folder, ...parts);

const disc = (width: number, height: number, low: number, high: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [((i % width) + 0.5) / width - 0.5, (Math.floor(i / width) + 0.5) / height - 0.5];
    return (x ** 2 + y ** 2 < 0.09 ? high : low) + ((i * 7) % 5);
  }),
});
const image = disc(40, 30, 60, 150);
const map = disc(40, 30, 100, 140);
const small = disc(20, 15, 90, 150);

const write = (file: string, { width, height, data }: typeof image) =>
  sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(file);

beforeAll(async () => {
  for (const part of ["maps/sub", "small", "images/sub"]) mkdirSync(at(...part.split("/")), { recursive: true });
  await Promise.all([write(at("maps", "sub", "a.png"), map), write(at("maps", "b.png"), map), write(at("small", "a.png"), small)]);
  await write(at("images", "sub", "a.png"), image);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(flags: Readonly<Record<string, unknown>>): Promise<readonly RunEvent[]> {
  const positionals = [{ key: "inputs", label: "a folder" }];
  const given = { inputs: [at("maps")], coarseMethod: "crf", ...flags };
  const { settings } = await settingsOf(CoarseRunSettings, { flags: given, positionals });
  return await collect(runCoarse(settings as CoarseRunSettings));
}

const ofMap = (level: typeof map) => keepComponents(crfMask(level, CrfSettings.parse({}), rgbImage(image)), { keep: 1, ties: "strict" });

test("without the images, crf is refused before any work", async () => {
  await expect(run({ out: at("none") })).rejects.toThrow("--coarse-method crf looks at the images, too: pass --images PATH");
});

test("images are matched by name; a map without one fails alone", async () => {
  const events = await run({ images: [at("images")], out: at("out") });
  expect(events.at(-1)).toMatchObject({ type: "end", done: 1, failed: 1 });
  expect(await decodeMask(at("out", "coarse", "sub", "a.png"))).toEqual(ofMap(map));
  expect(JSON.stringify(events)).toContain("has no image with its name in --images");
});

test("a map of another size is resized in reference mode and refused in paper mode", async () => {
  const given = { inputs: [at("small")], images: [at("images")] };
  expect((await run({ ...given, mode: "reference", out: at("reference") })).at(-1)).toMatchObject({ done: 1, failed: 0 });
  expect(await decodeMask(at("reference", "coarse", "a.png"))).toEqual(ofMap(opencvLinear(small, image)));
  const refused = await run({ ...given, out: at("paper") });
  expect(refused.at(-1)).toMatchObject({ done: 0, failed: 1 });
  expect(JSON.stringify(refused)).toContain("is 20 x 15 and its image");
});

test("the settings of the method are its own", async () => {
  await run({ images: [at("images")], gaussianCompat: "0", bilateralCompat: "0", keep: "9", out: at("unary") });
  expect(await decodeMask(at("unary", "coarse", "sub", "a.png"))).toEqual({ ...map, data: map.data.map((level) => (level > 127 ? 1 : 0)) });
});
