import { existsSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { DataSetFiles, imagePng } from "../../../../test/support/data-set-files.ts";
import { warningsOf } from "../../../../test/support/tiny-run.ts";
import { readCsvPairs } from "../../../data/index.ts";

const files = new DataSetFiles();
afterAll(() => files.remove());

const description = (image: string, Caption: string | null) =>
  JSON.stringify({ image, U_id: image.split("_")[0], Description: { Caption } });

test("MedPix 2.0: captions of the files of its splits, the case as group", async () => {
  await files.write("medpix", {
    "MedPix-2-0/images/MPX1_synpic1.png": imagePng(),
    "MedPix-2-0/images/MPX1_synpic2.png": imagePng(1),
    "MedPix-2-0/images/MPX2_synpic3.png": imagePng(2),
    "MedPix-2-0/images/MPX3_synpic4.png": imagePng(3),
    "MedPix-2-0/images/MPX4_synpic5.png": imagePng(4),
    "MedPix-2-0/splitted_dataset/descriptions_train.jsonl": `${description("MPX1_synpic1", "Axial, with a cyst")}\n${description("MPX1_synpic2", 'A "mass"')}\n`,
    "MedPix-2-0/splitted_dataset/descriptions_train_1.jsonl": `${description("MPX1_synpic1", "Axial, with a cyst")}\n`,
    "MedPix-2-0/splitted_dataset/descriptions_dev.jsonl": `${description("MPX2_synpic3", "Coronal")}\r\n${description("MPX3_synpic4", null)}\n`,
    "MedPix-2-0/splitted_dataset/descriptions_test.jsonl": `${description("MPX9_synpic9", "Of no image")}\n`,
    "MedPix-2-0/Case_topic.json": "[]",
  });
  const events = await files.prepare("medpix", "medpix");
  expect(events.at(-1)).toMatchObject({ done: 3, failed: 0 });
  expect(files.record("medpix").leftOut.counts).toEqual({
    "caption of an image that is not there": 1,
    "image with an empty caption": 1,
    "image without a caption": 1,
    "no file of the data set": 1,
    "repeat of an image's caption": 1,
  });
  const { pairs } = await readCsvPairs(files.at("medpix-out/train_captions.csv"), { groupColumn: "group" });
  expect(pairs).toEqual([
    {
      key: "train_images/MPX1_synpic1.png",
      image: { file: files.at("medpix-out/train_images/MPX1_synpic1.png") },
      caption: "Axial, with a cyst",
      group: "case-1",
    },
    {
      key: "train_images/MPX1_synpic2.png",
      image: { file: files.at("medpix-out/train_images/MPX1_synpic2.png") },
      caption: 'A "mass"',
      group: "case-1",
    },
  ]);
  for (const { image } of pairs) expect("file" in image && existsSync(image.file)).toBe(true);
  expect(files.rows("medpix-out/val_captions.csv")).toEqual(["val_images/MPX2_synpic3.png,Coronal,case-2"]);
});

test("MedPix as a CSV, with Windows paths; a table that cannot be read is named, the others count", async () => {
  await files.write("list", {
    "pictures/MPX1_synpic1.JPG": imagePng(),
    "pictures/with space.png": imagePng(1),
    "captions.csv": "filename,Caption\npictures\\MPX1_synpic1.JPG,one\n.\\pictures\\with space.png,two\n",
    "descriptions.json": "{",
  });
  const events = await files.prepare("medpix", "list", { split: ["train=1"] });
  expect(events).toContainEqual(expect.objectContaining({ type: "failure", name: "descriptions.json" }));
  expect(events.at(-1)).toMatchObject({ done: 2, failed: 1 });
  expect(files.rows("list-out/train_captions.csv")).toEqual([
    "train_images/MPX1_synpic1.jpg,one,case-1",
    "train_images/with space.png,two,",
  ]);
});

test("an image has one caption, the first; others and repeats are counted by reason and told", async () => {
  await files.write("several", {
    "MPX1_a.png": imagePng(),
    "captions.csv": "filename,Caption\nMPX1_a.png,first\nMPX1_a.png,second\nMPX1_a.png,third\nMPX1_a.png, first\n",
  });
  const events = await files.prepare("medpix", "several", { split: ["train=1"] });
  expect(files.rows("several-out/train_captions.csv")).toEqual(["train_images/MPX1_a.png,first,case-1"]);
  expect(files.record("several").leftOut.counts).toEqual({
    "another caption of an image that has one": 2,
    "repeat of an image's caption": 1,
  });
  expect(warningsOf(events)).toEqual([
    "2 left out: another caption of an image that has one (captions.csv: MPX1_a.png, captions.csv: MPX1_a.png)",
    "1 left out: repeat of an image's caption (captions.csv: MPX1_a.png)",
  ]);
  await files.write("lines", {
    "data/test/radiology/captions.txt": "ROCO_1\tChest CT\nROCO_1\tAnother CT\n",
    "data/test/radiology/licences.txt": "ROCO_1,PMC1_a.jpg,CC BY\n",
    "data/test/radiology/images/PMC1_a.jpg": imagePng(),
  });
  await files.prepare("roco", "lines");
  expect(files.record("lines").leftOut).toEqual({
    counts: { "another caption of an image that has one": 1 },
    files: [{ file: "data/test/radiology/captions.txt: PMC1_a.jpg", reason: "another caption of an image that has one" }],
  });
});

test("ROCO: images are called as licences.txt or dlinks.txt says, articles are groups, what is no radiology is left out", async () => {
  await files.write("roco", {
    "data/test/radiology/captions.txt": "ROCO_00001\t Chest CT\nROCO_00002\tNot fetched\n",
    "data/test/radiology/licences.txt": "ROCO_00001,PMC11_a.b-g002.jpg,CC BY\nROCO_00002,PMC12_b.jpg,CC BY-NC\n",
    "data/test/radiology/images/PMC11_a.b-g002.jpg": imagePng(),
    "data/validation/radiology/captions.txt": "ROCO_00003\tMRI\n",
    "data/validation/radiology/dlinks.txt": "ROCO_00003\twget -r ftp://host/oa_package/c0/95/PMC13.tar.gz -P /path/to/Dir\tc.jpg\n",
    "data/validation/radiology/images/PMC13_c.jpg": imagePng(1),
    "data/test/non-radiology/captions.txt": "ROCO_00004\tA chart\n",
    "data/test/non-radiology/images/PMC14_d.jpg": imagePng(2),
  });
  const events = await files.prepare("roco", "roco");
  expect(events.at(-1)).toMatchObject({ done: 2, failed: 0 });
  expect(files.rows("roco-out/test_captions.csv")).toEqual(["test_images/PMC11_a.b-g002.jpg,Chest CT,article-1"]);
  expect(files.rows("roco-out/val_captions.csv")).toEqual(["val_images/PMC13_c.jpg,MRI,article-2"]);
  const { counts, leftOut } = files.record("roco");
  expect(leftOut.counts).toEqual({ "caption of an image that is not there": 1, "no radiology": 2 });
  expect(counts).toEqual({ found: 8, used: 6, leftOut: 2, failed: 0 });
});

test("ROCO as on Kaggle, and ROCOv2", async () => {
  await files.write("kaggle", {
    "all_data/test/radiology/testdata.csv": 'id,name,caption\nROCO_1,PMC1_x.jpg,"One, two"\n',
    "all_data/test/radiology/captions.txt": "ROCO_1\tOne, two\n",
    "all_data/test/radiology/images/PMC1_x.jpg": imagePng(),
  });
  expect((await files.prepare("roco", "kaggle")).at(-1)).toMatchObject({ done: 1, failed: 0 });
  expect(files.rows("kaggle-out/test_captions.csv")).toEqual(['test_images/PMC1_x.jpg,"One, two",article-1']);
  await files.write("second", {
    "valid_captions.csv": "ID,Caption\nROCOv2_2023_valid_000001,An X-ray\n",
    "valid_images/valid/ROCOv2_2023_valid_000001.jpg": imagePng(),
  });
  expect((await files.prepare("roco", "second")).at(-1)).toMatchObject({ done: 1, failed: 0 });
  expect(files.rows("second-out/val_captions.csv")).toEqual(["val_images/ROCOv2_2023_valid_000001.jpg,An X-ray,"]);
});
