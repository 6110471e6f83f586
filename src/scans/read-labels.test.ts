import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { pngOf, tiffOf } from "../../test/support/mask-files.ts";
import { readChannels } from "./read-channels.ts";
import { readLabels } from "./read-labels.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-labels-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(bytes: Uint8Array): string {
  const file = join(folder, `${files++}.png`);
  writeFileSync(file, bytes);
  return file;
}

const labelsOf = async (bytes: Uint8Array) => {
  const { labels, warnings } = await readLabels(fileOf(bytes));
  return { labels: [...labels.data], warnings };
};

/** Bytes of float32 samples. */
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("labels are read as stored", () => {
  const stored = [0, 1, 1, 0];

  test.each([1, 2, 4, 8, 16] as const)("gray of %i bits", async (depth) => {
    expect(await labelsOf(pngOf({ type: 0, depth, width: 2, samples: stored }))).toEqual({ labels: stored, warnings: [] });
  });

  test("a palette, by index", async () => {
    const palette = [0, 0, 0, 255, 0, 0, 0, 255, 0];
    expect((await labelsOf(pngOf({ type: 3, depth: 2, width: 2, samples: [0, 1, 2, 1], palette }))).labels).toEqual([0, 1, 2, 1]);
  });

  test("a TIFF with white as 0", async () => {
    const content = Uint8Array.from([0, 1, 2, 200]);
    expect((await labelsOf(tiffOf({ width: 2, height: 2, bits: 8, content, photometric: 0 }))).labels).toEqual([0, 1, 2, 200]);
  });

  test("colours whose channels agree are gray, with a warning", async () => {
    const samples = [0, 1, 2, 0].flatMap((value) => [value, value, value]);
    const warnings = ["is in colours whose channels agree; it was read as gray"];
    expect(await labelsOf(pngOf({ type: 2, depth: 8, width: 2, samples }))).toEqual({ labels: [0, 1, 2, 0], warnings });
  });
});

test.each([
  [
    "colours",
    pngOf({ type: 2, depth: 8, width: 2, samples: [0, 0, 0, 1, 0, 0] }),
    /is in colours \(\[1, 0, 0\] at column 1, row 0\).+gray PNG/,
  ],
  ["transparent pixels", pngOf({ type: 6, depth: 8, width: 1, samples: [1, 1, 1, 0] }), /has transparent pixels/],
  ["values above 32767", pngOf({ type: 0, depth: 16, width: 1, samples: [40000] }), /holds the value 40000/],
  ["fractions", tiffOf({ width: 1, height: 1, bits: 32, format: 3, content: floats(0.5) }), /holds the value 0\.5/],
])("%s are an error that names the file", async (_, bytes, message) => {
  await expect(readLabels(fileOf(bytes))).rejects.toThrow(message);
});

describe("channels are read as stored", () => {
  test("colours become planes", async () => {
    const { channels, data, spacing } = await readChannels(fileOf(pngOf({ type: 2, depth: 8, width: 2, samples: [1, 2, 3, 4, 5, 6] })));
    expect({ channels, data: [...data], spacing }).toEqual({ channels: 3, data: [1, 4, 2, 5, 3, 6], spacing: undefined });
  });

  test("gray of 16 bits keeps its values, and alpha is dropped with a warning", async () => {
    expect([...(await readChannels(fileOf(pngOf({ type: 0, depth: 16, width: 2, samples: [7, 4095] })))).data]).toEqual([7, 4095]);
    const { channels, data, warnings } = await readChannels(fileOf(pngOf({ type: 4, depth: 8, width: 1, samples: [9, 255] })));
    expect({ channels, data: [...data], warnings }).toEqual({ channels: 1, data: [9], warnings: ["its alpha channel was dropped"] });
  });

  test("a TIFF of floats, with values below 0", async () => {
    const content = floats(-0.5, 1.25);
    expect([...(await readChannels(fileOf(tiffOf({ width: 2, height: 1, bits: 32, format: 3, content })))).data]).toEqual([-0.5, 1.25]);
  });

  test("a JPEG, as its decoder gives it", async () => {
    const jpeg = await sharp({ create: { width: 4, height: 3, channels: 3, background: "#804020" } })
      .jpeg()
      .toBuffer();
    const { channels, width, height } = await readChannels(fileOf(jpeg));
    expect({ channels, width, height }).toEqual({ channels: 3, width: 4, height: 3 });
  });
});
