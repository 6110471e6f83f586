import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import sharp from "sharp";
import { expect, test } from "vitest";
import { areaPx } from "../../src/image/index.ts";
import { scansOfPack } from "../../src/pipeline/demo/scans-of-pack.ts";
import { describeWith, sharedPath } from "../support/shared-data.ts";

// The scans that come with the starter pack.

const pack = resolve(import.meta.dirname, "../../packs/starter");
const folder = join(pack, "demo");
const files = ["images", "masks"].flatMap((kind) => readdirSync(join(folder, kind)).map((name) => `${kind}/${name}`));

test("every scan can be read and has a ground truth, empty for what is absent alone", async () => {
  const scans = (await scansOfPack({ folder: pack }))!;
  const empty = scans.filter(({ truth }) => areaPx(truth) === 0).map(({ name }) => name);
  expect(scans.length).toBeGreaterThanOrEqual(6);
  expect(empty).toEqual(["chest-xray-absent"]);
  for (const { credit } of scans) expect(credit).toMatch(/CC BY [34]\.0|CC0/);
});

test("the attribution names every file, and every file is used", () => {
  const attribution = readFileSync(join(folder, "ATTRIBUTION.md"), "utf8");
  const list = readFileSync(join(folder, "demo.json"), "utf8");
  for (const file of files) {
    expect(attribution).toContain(`\`${file}\``);
    expect(list).toContain(`"${file}"`);
  }
});

test("the scans are small and bear no metadata", async () => {
  expect(files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)).toBeLessThanOrEqual(400_000);
  for (const file of files) {
    const { exif, xmp, iptc, icc, comments } = await sharp(join(folder, file)).metadata();
    expect([exif, xmp, iptc, icc, comments]).toEqual(Array(5).fill(undefined));
  }
});

describeWith(["training/index.csv"], "among the data from which the pack was trained", () => {
  const rows = parse(readFileSync(sharedPath("training", "index.csv")), { columns: true }) as Record<string, string>[];
  const images = files.filter((file) => file.startsWith("images/")).map((file) => readFileSync(join(folder, file)));

  test("each scan is one of the validation split, and no image of its group is one of the training split", () => {
    const validation = rows.filter(({ split }) => split === "val");
    for (const bytes of images) {
      const row = validation.find(({ image }) => {
        const file = sharedPath("training", image!);
        return statSync(file).size === bytes.length && readFileSync(file).equals(bytes);
      });
      expect(row).toMatchObject({ licence_class: "A" });
      expect(rows.filter(({ group, split }) => group === row!.group && split !== "val")).toEqual([]);
    }
  });
});
