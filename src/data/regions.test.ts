import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeGray, writeRgb } from "../results/png.ts";
import type { AugmentedPicture } from "./batches.ts";
import { negativePairs } from "./negative-pairs.ts";
import type { Pair } from "./pairs.ts";
import { regionTargets } from "./region-targets.ts";
import { type RegionSet, readRegions } from "./regions.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-regions-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [width, height] = [40, 20];
const pair = (name: string, caption: string, key = name): Pair => ({ key, image: { file: join(folder, name) }, caption });
const pairs = [pair("a.png", "A chest X-ray with an enlarged heart"), pair("b.png", "The lungs are clear"), pair("c.png", "A normal scan")];

beforeAll(async () => {
  for (const name of ["a.png", "b.png", "c.png"])
    await writeRgb(join(folder, name), { width, height, data: new Uint8Array(3 * width * height).fill(90) });
  const mask = (name: string, inside: (x: number, y: number) => boolean, size = width) =>
    writeGray(join(folder, name), {
      width: size,
      height,
      data: Uint8Array.from({ length: size * height }, (_, i) => (inside(i % size, Math.floor(i / size)) ? 255 : 0)),
    });
  await mask("left.png", (x) => x < 10);
  await mask("right.png", (x) => x >= 30);
  await mask("middle.png", (x, y) => x >= 15 && x < 20 && y < 10);
  await mask("nothing.png", () => false);
  const levels = (name: string, level: (x: number) => number) =>
    writeGray(join(folder, name), { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => level(i % width)) });
  await levels("ones.png", (x) => (x < 10 ? 1 : 0));
  await levels("labels.png", (x) => (x < 10 ? 1 : x < 20 ? 2 : 0));
  await mask("small.png", () => true, 30);
});

function table(rows: string): string {
  const file = join(folder, "regions.csv");
  writeFileSync(file, rows);
  return file;
}

const outlined = () =>
  readRegions(
    table(
      "filename,phrase,mask\na.png,the heart,middle.png\na.png,the lungs,left.png\na.png,the lungs,right.png\nb.png,the lungs,nothing.png\nb.png, the  heart ,\nz.png,the heart,left.png\n",
    ),
    pairs,
  );

describe("a table of outlines", () => {
  test("finds its images and masks in any Unicode form, but never by the bare name: pairs may be a part of a set", async () => {
    await writeGray(join(folder, "\u00e9.png"), { width: 1, height: 1, data: Uint8Array.of(255) });
    await writeRgb(join(folder, "i\u0301.png"), { width: 1, height: 1, data: new Uint8Array(3) });
    const { images, unused } = await readRegions(
      table("filename,phrase,mask\n\u00ed.png,the heart,e\u0301.png\na.png,the heart,middle.png\n"),
      [pair("i\u0301.png", "A chest X-ray"), pair("2/a.png", "A chest X-ray")],
    );
    expect([...images.keys()]).toEqual([join(folder, "i\u0301.png")]);
    expect(unused).toEqual([join(folder, "a.png")]);
  });

  test("states what each image shows, what it does not, and leaves the rest unknown", async () => {
    const { images, phrases, unused } = await outlined();
    expect([...phrases]).toEqual([
      ["the heart", ["the heart"]],
      ["the lungs", ["the lungs"]],
    ]);
    expect(unused).toEqual([join(folder, "z.png")]);
    expect([...images.keys()]).toEqual([join(folder, "a.png"), join(folder, "b.png")]);
    expect(images.get(join(folder, "a.png"))!.map(({ phrase, outline }) => [phrase, outline !== undefined])).toEqual([
      ["the heart", true],
      ["the lungs", true],
    ]);
    expect(images.get(join(folder, "b.png"))!.every(({ outline }) => !outline)).toBe(true);
  });

  test("unites the masks of several rows", async () => {
    const { rows, runs } = (await outlined()).images.get(join(folder, "a.png"))![1]!.outline!;
    expect([...rows]).toEqual(Array.from({ length: height + 1 }, (_, y) => 2 * y));
    expect([...runs.subarray(0, 4)]).toEqual([0, 10, 30, 40]);
  });

  test("knows other words for a phrase, and a caption that uses them names it", async () => {
    const rows = "filename,phrase,mask\na.png,the heart|the cardiac shadow,middle.png\nb.png,the heart|heart,\n";
    const regions = await readRegions(table(rows), pairs);
    expect([...regions.phrases]).toEqual([["the heart", ["the heart", "the cardiac shadow", "heart"]]]);
    const batch = [pair("a.png", "Nothing to see"), pair("b.png", "A wide cardiac shadow")];
    expect([...negativePairs(batch, regions).data]).toEqual([1, 0, 1, 1]);
  });

  test("is refused if wordings of one phrase name different sides, in one row or in several", async () => {
    const message = /row 3: the wordings "left lung" and "the right lung" of one phrase name different sides\. Give each side/;
    for (const last of ["left lung|lung|the right lung", "left lung|the right lung"]) {
      const rows = `filename,phrase,mask\na.png,left lung|the lung on the left,left.png\nb.png,${last},\n`;
      await expect(readRegions(table(rows), pairs)).rejects.toThrow(message);
    }
  });

  test("takes masks of 0 and 1 for what they outline, and labels where one is chosen", async () => {
    const rows = "filename,phrase,mask\na.png,the heart,ones.png\nb.png,the lungs,labels.png\n";
    const outlineOf = async (label?: number) => {
      const { images } = await readRegions(table(rows), pairs, { label });
      return [...images.values()].map(([region]) => region!.outline?.runs.length);
    };
    expect(await outlineOf()).toEqual([2 * height]);
    expect(await outlineOf(2)).toEqual([undefined, 2 * height]);
  });

  test("skips unusable regions as a whole and says why; empty masks are counted, too", async () => {
    const rows =
      "filename,phrase,mask\na.png,the heart,middle.png\na.png,the lungs,left.png\na.png,the lungs,labels.png\n" +
      "b.png,the heart,small.png\nb.png,the liver,nothing.png\nc.png,the heart,lost.png\n";
    const { images, dropped, empty } = await readRegions(table(rows), pairs);
    expect([...images].map(([name, regions]) => [name, regions.map(({ phrase }) => phrase)])).toEqual([
      [join(folder, "a.png"), ["the heart"]],
      [join(folder, "b.png"), ["the liver"]],
    ]);
    expect(empty).toBe(1);
    expect(dropped.map(({ key, reason }) => [key, reason])).toEqual([
      [`"the lungs" of ${join(folder, "a.png")}`, "label image"],
      [`"the heart" of ${join(folder, "b.png")}`, "another size than the image"],
      [`"the heart" of ${join(folder, "c.png")}`, "cannot be read"],
    ]);
  });

  test.each([
    ["filename,structure,mask\na.png,the heart,left.png\n", /no column "phrase"; it has "filename", "structure", "mask"/],
    ["filename,phrase,mask\na.png,,left.png\n", /row 2: an outline needs an image and a phrase, got "a.png" and ""/],
    [
      "filename,phrase,mask\nz.png,the heart,left.png\n",
      /no outlined image belongs to any pair; it names ".*z.png".*as in the table of the pairs/,
    ],
    [
      "filename,phrase,mask\na.png,the heart,left.png\na.png,the heart,\n",
      /row 3: "the heart" of "a.png" is outlined in one row and absent in another/,
    ],
    [
      "filename,phrase,mask\na.png,the heart,small.png\n",
      /small.png" has 30 x 20 pixels, ".*a.png" has 40 x 20; a mask must have the size of its image/,
    ],
    ["filename,phrase,mask\na.png,the heart,lost.png\n", /lost.png/],
    ["filename,phrase,mask\na.png,the heart|,left.png\n", /row 2: an outline needs an image and a phrase, got "a.png" and "the heart\|"/],
    ["", /is empty; expected a table/],
  ])("that is invalid is refused: %j", async (rows, message) => {
    await expect(readRegions(table(rows), pairs)).rejects.toThrow(message);
  });
});

describe("targets of the region terms", () => {
  test("of the middle of the images: labels, coverage, and weights of what is known", async () => {
    // The view shows columns 10 to 29: of the heart's mask all, of the lungs' nothing.
    const found = regionTargets(pairs, await outlined(), { side: 20, grid: 4, emptyWeight: 0.5 })!;
    expect(found.coverage.shape).toEqual([3, 2, 16]);
    expect([...found.labels.data]).toEqual([1, 0, 0, 0, 0, 0]);
    expect([...found.coverage.data.subarray(0, 16)]).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...found.labelWeights.data]).toEqual([0.25, 0.25, 0.25, 0.25, 0, 0]);
    expect([...found.denseWeights.data].map((weight) => weight * 2.5)).toEqual(
      [1, 0.5, 0.5, 0.5, 0, 0].map((weight) => expect.closeTo(weight, 6)),
    );
  });

  test("of a crop: the part that the picture shows", async () => {
    const all = { scale: [1, 1], ratio: [2, 2] } as const;
    const found = regionTargets(pairs, await outlined(), { side: 20, grid: 4, crop: { epoch: 0, seed: 1, range: all } })!;
    expect([...found.labels.data]).toEqual([1, 1, 0, 0, 0, 0]);
    expect([...found.coverage.data.subarray(16, 20)]).toEqual([1, 0, 0, 1]);
  });

  test("of a batch without outlined images: nothing", async () => {
    expect(regionTargets([pairs[2]!], await outlined(), { side: 20, grid: 4 })).toBeUndefined();
  });
});

describe("negatives", () => {
  const matrix = (batch: readonly Pair[], regions?: RegionSet) => {
    const { data } = negativePairs(batch, regions);
    return batch.map((_, i) => [...data.subarray(i * batch.length, (i + 1) * batch.length)]);
  };

  test("are all pairs but those of the same image and those that say the same", () => {
    const batch = [
      pair("a.png", "A glioma."),
      pair("b.png", "a  glioma"),
      pair("c.png", "A meningioma"),
      pair("c.png", "A large mass", "c.png#2"),
    ];
    expect(matrix(batch)).toEqual([
      [1, 0, 1, 1],
      [0, 1, 1, 1],
      [1, 1, 1, 0],
      [1, 1, 0, 1],
    ]);
  });

  const seen = (changes: Partial<AugmentedPicture> = {}): AugmentedPicture => {
    return { coverage: Float32Array.of(0.5), isMirrored: false, isEmptyCrop: false, ...changes };
  };

  test("are told by what captions say of mirrored images", async () => {
    const rows = "filename,phrase,mask\na.png,the left lung,left.png\nb.png,the right lung,right.png\n";
    const regions = await readRegions(table(rows), pairs);
    const batch = [pair("a.png", "An opaque left lung"), pair("b.png", "A clear right lung"), pair("a.png", "A scan", "a.png#2")];
    const of = (...mirrored: boolean[]) => {
      const { data } = negativePairs(
        batch,
        regions,
        mirrored.map((isMirrored) => seen({ isMirrored })),
      );
      return batch.map((_, i) => [...data.subarray(3 * i, 3 * i + 3)]);
    };
    // Image a shows the left lung, b the right one; the third pair has image a and a caption without a side.
    expect(of(false, false, false)).toEqual([
      [1, 1, 0],
      [1, 1, 1],
      [0, 1, 1],
    ]);
    // Image b mirrored shows a left lung, which its caption names then, too.
    expect(of(false, true, false)).toEqual([
      [1, 0, 0],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    // Of the two pairs of image a one is mirrored: what names a side holds for one of them alone.
    expect(of(true, false, false)).toEqual([
      [1, 0, 0],
      [0, 1, 1],
      [1, 1, 1],
    ]);
  });

  test("are told by the part of an image that is seen", async () => {
    const regions = await readRegions(table("filename,phrase,mask\na.png,the heart,middle.png\n"), pairs);
    const batch = [pair("a.png", "A scan"), pair("b.png", "This is the heart")];
    expect([...negativePairs(batch, regions, [seen(), seen()]).data]).toEqual([1, 0, 1, 1]);
    expect([...negativePairs(batch, regions, [seen({ coverage: Float32Array.of(0) }), seen()]).data]).toEqual([1, 1, 1, 1]);
  });

  test("are not those whose caption names what the other image shows, too", async () => {
    // Image a shows heart and lungs, b neither; c is not outlined. Captions: a names the heart, b the lungs, c nothing of the table.
    expect(matrix(pairs, await outlined())).toEqual([
      [1, 0, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });
});
