import { existsSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { DataSetFiles, imagePng, maskPng } from "../../../../test/support/data-set-files.ts";
import { slice, writeMat } from "../../../../test/support/mat-file.ts";
import { decodeGray, decodeMask, drawn } from "../../../../test/support/pictures.ts";
import { sheet } from "../../../../test/support/sheet.ts";
import { warningsOf } from "../../../../test/support/tiny-run.ts";
import { encodeGray } from "../../../results/png.ts";

const files = new DataSetFiles();
afterAll(() => files.remove());
const left = maskPng("#...", "#...");
const right = maskPng("...#", "....");
const both = drawn("#..#", "#...");

test("BUSI: further masks are united, normal images have empty masks, classes come from the folders", async () => {
  const folder = "busi/Dataset_BUSI_with_GT";
  await files.write(folder, {
    "benign/benign (4).png": imagePng(),
    "benign/benign (4)_mask.png": left,
    "benign/benign (4)_mask_1.png": right,
    "malignant/malignant (4).PNG": imagePng(1),
    "malignant/malignant (4)_mask.png": left,
    "normal/normal (1).png": imagePng(2),
    "normal/normal (1)_mask.png": maskPng("....", "...."),
    "normal/normal (2).png": imagePng(3),
    "read me.txt": "about",
  });
  const events = await files.prepare("busi", "busi");
  expect(events.at(-1)).toMatchObject({ type: "end", done: 4, failed: 0 });
  expect(await decodeMask(files.at("busi-out/train_masks/benign (4).png"))).toEqual(both);
  expect(await decodeMask(files.at("busi-out/train_masks/normal (2).png"))).toEqual(drawn("....", "...."));
  expect(readFileSync(files.at("busi-out/train_images/benign (4).png"))).toEqual(readFileSync(files.at(folder, "benign/benign (4).png")));
  expect(files.rows("busi-out/train_classes.csv")).toEqual(["benign (4).png,benign", "malignant (4).png,malignant"]);
  expect(files.record("busi").counts).toEqual({ found: 9, used: 8, leftOut: 1, failed: 0 });
  expect(warningsOf(events)).toContainEqual(expect.stringContaining("no file of the data set (Dataset_BUSI_with_GT/read me.txt)"));
  const of = (file: string) => files.rows("busi-out/manifest.csv").filter((row) => row.startsWith(`${file},`));
  expect(of("train_masks/benign (4).png").map((row) => row.split(",")[1])).toEqual([
    "Dataset_BUSI_with_GT/benign/benign (4)_mask.png",
    "Dataset_BUSI_with_GT/benign/benign (4)_mask_1.png",
  ]);
  expect(of("train_masks/normal (2).png")).toEqual(["train_masks/normal (2).png,,,train,normal,"]);

  const without = await files.prepare("busi", "busi", { normal: "leave-out", out: files.at("tumours") });
  expect(without.at(-1)).toMatchObject({ done: 2, failed: 0 });
});

test("a mask that is a label image is told with a remedy that this command has", async () => {
  const labels = await encodeGray({ width: 4, height: 2, data: Uint8Array.of(0, 1, 2, 2, 0, 1, 2, 0) });
  await files.write("labels", { "benign/benign (1).png": imagePng(), "benign/benign (1)_mask.png": labels });
  const events = await files.prepare("busi", "labels");
  const place = files.at("labels", "benign/benign (1)_mask.png");
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "failure",
      message: `"${place}" has 3 values (0, 1, 2); expected two. Is it a label image? Save the mask as 0 and 255.`,
    }),
  );
  expect(events.at(-1)).toMatchObject({ done: 0, failed: 1 });
});

test("UDIAT: images and masks of two folders, classes of the spreadsheet, and the paper's test list", async () => {
  const names = ["000001", "000007", "000310"];
  await files.write("udiat", {
    ...Object.fromEntries(
      names.flatMap((name, i) => [
        [`BUS/original/${name}.png`, imagePng(i)],
        [`BUS/GT/${name}.png`, left],
      ]),
    ),
    "BUS/DatasetB.xlsx": sheet([
      ["Image", "Type", "Diagnosis"],
      [1, "Benign", "FA"],
      ["000310", "Malignant", "IDC"],
    ]),
    "list.json": JSON.stringify({ "000007.png": "a sentence", "000310.png": "another" }),
  });
  const events = await files.prepare("udiat", "udiat", { test: files.at("udiat/list.json") });
  expect(events.at(-1)).toMatchObject({ done: 3, failed: 0 });
  expect(existsSync(files.at("udiat-out/val_images/000001.png"))).toBe(true);
  expect(files.rows("udiat-out/val_classes.csv")).toEqual(["000001.png,benign"]);
  expect(files.rows("udiat-out/test_classes.csv")).toEqual(["000310.png,malignant"]);
  await files.write("udiat", { "BUS/DatasetB.xlsx": "no spreadsheet" });
  const again = await files.prepare("udiat", "udiat", { out: files.at("without-classes") });
  expect(again).toContainEqual(expect.objectContaining({ type: "failure", name: "BUS/DatasetB.xlsx" }));
  expect(again.at(-1)).toMatchObject({ done: 3, failed: 1 });
});

test("COVID-QU-Ex: the splits and classes are its folders, the masks those that are asked for", async () => {
  const [lung, infection] = ["Lung Segmentation Data/Lung Segmentation Data", "Infection Segmentation Data/Infection Segmentation Data"];
  await files.write("covid", {
    [`${lung}/Train/COVID-19/images/covid_1.png`]: imagePng(),
    [`${lung}/Train/COVID-19/lung masks/covid_1.png`]: left,
    [`${lung}/Val/Normal/images/Normal (1).png`]: imagePng(1),
    [`${lung}/Val/Normal/lung masks/Normal (1).png`]: left,
    [`${lung}/Test/Non-COVID/images/non_COVID (1).png`]: imagePng(2),
    [`${lung}/Test/Non-COVID/lung masks/non_COVID (1).png`]: left,
    [`${infection}/Train/COVID-19/images/covid_1.png`]: imagePng(),
    [`${infection}/Train/COVID-19/lung masks/covid_1.png`]: left,
    [`${infection}/Train/COVID-19/infection masks/covid_1.png`]: right,
  });
  const events = await files.prepare("covid-qu-ex", "covid");
  expect(events.at(-1)).toMatchObject({ done: 3, failed: 0 });
  expect(files.record("covid").counts).toEqual({ found: 9, used: 6, leftOut: 3, failed: 0 });
  expect(files.rows("covid-out/train_classes.csv")).toEqual(["covid_1.png,covid"]);
  expect(files.rows("covid-out/val_classes.csv")).toEqual(["Normal (1).png,normal"]);
  expect(existsSync(files.at("covid-out/test_masks/non_COVID (1).png"))).toBe(true);
  expect(existsSync(files.at("covid-out/test_classes.csv"))).toBe(false);
  expect(JSON.stringify(events.at(-1))).toContain("no prompt set has sentences for it: non-covid (1 images)");
  await files.prepare("covid-qu-ex", "covid", { target: "infection", out: files.at("infection") });
  expect(await decodeMask(files.at("infection/train_masks/covid_1.png"))).toEqual(drawn("...#", "...."));
});

test("COVID-19 Radiography Database: masks of another size are resized, which is told once and counted", async () => {
  const folder = "COVID-19_Radiography_Dataset/Lung_Opacity";
  await files.write("radiography", {
    [`${folder}/images/Lung_Opacity-1.png`]: imagePng(),
    [`${folder}/masks/Lung_Opacity-1.png`]: maskPng("#."),
    [`${folder}/images/Lung_Opacity-2.png`]: imagePng(1),
    [`${folder}/masks/Lung_Opacity-2.png`]: maskPng(".#"),
    "COVID-19_Radiography_Dataset/Lung_Opacity.metadata.xlsx": "names",
  });
  const events = await files.prepare("covid-qu-ex", "radiography", { split: ["test=1"] });
  const warning = "mask: 2 x 1 pixels, the image has 4 x 2: resized by nearest neighbour";
  expect(events.flatMap((event) => (event.type === "item" ? event.warnings : []))).toEqual([warning]);
  expect(events.at(-1)).toMatchObject({ lines: expect.arrayContaining([`2 images: ${warning}`]) });
  expect(files.record("radiography").items.map(({ warnings }: { warnings: string[] }) => warnings)).toEqual([[warning], [warning]]);
  expect(await decodeMask(files.at("radiography-out/test_masks/Lung_Opacity-1.png"))).toEqual(drawn("##..", "##.."));
  expect(files.rows("radiography-out/test_classes.csv")).toEqual(["Lung_Opacity-1.png,lung-opacity", "Lung_Opacity-2.png,lung-opacity"]);
});

test("Kónya: the blue channel is the lungs, patients stay together, JPEG becomes PNG", async () => {
  const jpeg = (rgb: readonly number[]) =>
    sharp(
      Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => rgb[i % 3]!),
      { raw: { width: 16, height: 16, channels: 3 } },
    )
      .jpeg({ quality: 100 })
      .toBuffer();
  const of = (patient: string, slices: number[], mask: readonly number[]) =>
    slices.flatMap((i) => [
      [`images/images/${patient}_${i}.jpg`, jpeg([90, 90, 90])],
      [`masks/masks/${patient}_mask_${i}.jpg`, jpeg(mask)],
    ]);
  const [lungs, heart] = [
    [0, 0, 255],
    [0, 255, 0],
  ];
  const patients = ["ID1", "ID2", "ID3", "ID4", "ID5", "ID6"];
  await files.write("konya", {
    ...Object.fromEntries(patients.flatMap((patient) => of(patient, [0, 1], lungs!))),
    ...Object.fromEntries(of("ID7", [0], heart!)),
    "images/images/ID8_3.jpg": jpeg([1, 1, 1]),
    "train.csv": "ImageId,MaskId\n",
  });
  const events = await files.prepare("konya", "konya");
  expect(events.at(-1)).toMatchObject({ done: 13, failed: 0 });
  const { items, leftOut } = files.record("konya");
  expect(leftOut.counts).toEqual({ "image without a mask": 1, "no file of the data set": 1 });
  const split = new Map<string, string>(items.map(({ name, split }: { name: string; split: string }) => [name, split]));
  for (const patient of patients) expect(split.get(`${patient}_0`)).toBe(split.get(`${patient}_1`));
  expect(new Set(split.values()).size).toBeGreaterThan(1);
  const maskOf = (name: string) => decodeMask(files.at(`konya-out/${split.get(name)}_masks/${name}.png`));
  expect((await maskOf("ID1_0")).data.every((value) => value === 1)).toBe(true);
  expect((await maskOf("ID7_0")).data.every((value) => value === 0)).toBe(true);
  expect((await decodeGray(files.at(`konya-out/${split.get("ID1_0")}_images/ID1_0.png`))).width).toBe(16);
  expect(items.find(({ name }: { name: string }) => name === "ID1_0").group).toBe("patient-1");
  expect(files.text("konya-out/manifest.csv")).toContain("patient-7");
});

test("Cheng (figshare): image, mask, class and patient of MATLAB files; a wrong label fails alone", async () => {
  const image = [[0, 510]];
  const mask = [[0, 1]];
  await files.write("brain", { "cvind.mat": "folds", "readme.txt": "" });
  await writeMat(files.at("brain/1.mat"), "cjdata", slice("100360", 1, image, mask));
  await writeMat(files.at("brain/2.mat"), "cjdata", slice("100360", 3, image, mask));
  await writeMat(files.at("brain/3.MAT"), "cjdata", slice("MR001", 2, image, mask));
  await writeMat(files.at("brain/4.mat"), "cjdata", slice("7", 9, image, mask));
  await files.write("brain", { "test.txt": "1\r\n" });
  const list = files.at("brain/test.txt");
  const events = await files.prepare("figshare-brain", "brain", { test: list });
  expect(events).toContainEqual(
    expect.objectContaining({ type: "failure", name: "4.mat", message: expect.stringContaining("label is 9") }),
  );
  expect(events.at(-1)).toMatchObject({ done: 2, failed: 1 });
  expect(await decodeGray(files.at("brain-out/test_images/1.png"))).toEqual({ width: 2, height: 1, data: Uint8Array.of(0, 255) });
  expect(await decodeMask(files.at("brain-out/test_masks/1.png"))).toEqual(drawn(".#"));
  expect(files.rows("brain-out/test_classes.csv")).toEqual(["1.png,meningioma"]);
  // 2 is of the patient of 1.
  expect(files.record("brain").leftOut.counts).toMatchObject({ "no test image, but of a patient with test images": 1 });
  expect(files.text("brain-out/run.json")).not.toContain("100360");
  const shared = await files.prepare("figshare-brain", "brain", { test: list, shareGroups: true, out: files.at("shared") });
  expect(shared.at(-1)).toMatchObject({ done: 3 });
});
