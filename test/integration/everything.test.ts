import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runEverything } from "../../src/pipeline/everything/run.ts";
import { EverythingSettings } from "../../src/pipeline/everything/settings.ts";
import { readGray } from "../../src/scans/read-gray.ts";
import { nanoSam, nanoVariant } from "../support/models.ts";
import { collect, warningsOf, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-everything-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);

let sam: string;
beforeAll(async () => {
  sam = await nanoSam();
  await writeDisc(at("scans", "a.png"), 1);
  await writeDisc(at("scans", "sub", "b.png"), 2, 60, 100);
});

const all = { pointsPerSide: 4, predIou: 0, stability: 0, boxNms: 1, spacing: [0.5, 2] };
const run = (settings: object) => collect(runEverything(EverythingSettings.parse({ inputs: [at("scans")], sam, threads: 1, ...settings })));

interface Regions {
  readonly width: number;
  readonly height: number;
  readonly regions: readonly {
    readonly label: number;
    readonly areaPx: number;
    readonly areaMm2: number;
    readonly box: readonly number[];
    readonly segmentation: { readonly size: readonly number[]; readonly counts: string };
  }[];
}
const regionsOf = (out: string, name: string) => JSON.parse(readFileSync(at(out, "regions", `${name}.json`), "utf8")) as Regions;

test("each image gets its regions, a label image and an overlay; a rerun skips it, other thresholds are refused", async () => {
  expect((await run({ ...all, out: at("all") })).at(-1)).toMatchObject({ done: 2, failed: 0 });
  const { width, height, regions } = regionsOf("all", "sub/b");
  expect([width, height]).toEqual([60, 100]);
  expect(regions.length).toBeGreaterThan(0);
  expect(regions.map(({ label }) => label)).toEqual(regions.map((_, i) => i + 1));
  for (const { areaPx, areaMm2, segmentation } of regions) {
    expect(areaMm2).toBe(areaPx);
    expect(segmentation.size).toEqual([100, 60]);
  }
  const labels = await readGray(at("all", "labels", "sub", "b.png"));
  expect([labels.width, labels.height]).toEqual([60, 100]);
  expect(Math.max(...labels.data)).toBeLessThanOrEqual(regions.length);
  const smallest = regions.reduce((least, region) => (region.areaPx < least.areaPx ? region : least));
  expect(labels.data.filter((label) => label === smallest.label)).toHaveLength(smallest.areaPx);
  expect(existsSync(at("all", "overlay", "a.png"))).toBe(true);
  expect(JSON.parse(readFileSync(at("all", "run.json"), "utf8"))).toMatchObject({
    command: "everything",
    samVariant: "sam",
    settings: { pointsPerSide: 4 },
    images: [{ name: "a" }, { name: "sub/b", regions: regions.length }],
  });
  expect((await run({ ...all, out: at("all") })).at(-1)).toMatchObject({ done: 0, skipped: 2 });
  await expect(run({ ...all, predIou: 0.5, out: at("all") })).rejects.toThrow("predIou was 0, now it is 0.5");
});

test("thresholds that no region passes give empty results and a warning that names the flags", async () => {
  await run({ out: at("none"), pointsPerSide: 2, predIou: 1 });
  expect(regionsOf("none", "a").regions).toEqual([]);
  const { images } = JSON.parse(readFileSync(at("none", "run.json"), "utf8"));
  expect(images[0].warnings).toContainEqual(expect.stringContaining("lower --pred-iou or --stability"));
});

test("a model that was not trained with points is warned of", async () => {
  const warnings = warningsOf(await run({ sam: await nanoVariant("medsam"), out: at("medsam"), pointsPerSide: 1 }));
  expect(warnings).toContain("MedSAM was trained with boxes alone, not with points (which finding all regions takes): expect worse masks.");
});
