import { cpSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runEvaluate } from "../../src/pipeline/evaluate/run.ts";
import { EvaluateSettings } from "../../src/pipeline/evaluate/settings.ts";
import { readClasses } from "../../src/pipeline/zero-shot/targets/class-file.ts";
import { builtCommand } from "../support/build.ts";
import { runCommand } from "../support/command.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { DataSetFiles, imagePng, maskPng } from "../support/data-set-files.ts";
import { slice, writeMat } from "../support/mat-file.ts";
import { collect } from "../support/tiny-run.ts";

const files = new DataSetFiles();
afterAll(() => files.remove());
beforeAll(async () => {
  await builtCommand();
});
const at = (...parts: string[]) => files.at(...parts);

test("a prepared data set is evaluated, and its table of classes read, by the commands' own code", async () => {
  await files.write("down load/Dataset_BUSI_with_GT", {
    "benign/benign (1).png": imagePng(),
    "benign/benign (1)_mask.png": maskPng("#...", "#..."),
    "benign/benign (1)_mask_1.png": maskPng("...#", "...#"),
    "malignant/malignant (1).png": imagePng(1),
    "malignant/malignant (1)_mask.png": maskPng("####", "...."),
    "normal/normal (1).png": imagePng(2),
  });
  const args = ["datasets", "prepare", "busi", at("down load"), "--out", at("busi"), "--split", "test=1"];
  const { status, stdout, stderr } = await runInProcess(args);
  expect(stderr).toContain("3 done");
  expect(status).toBe(0);
  expect(stdout).toContain("files: 6 found, 6 used, 0 left out, 0 failed");
  const evaluate = (pred: string) =>
    collect(runEvaluate(EvaluateSettings.parse({ pred, truth: at("busi", "test_masks"), json: at("scores.json") })));
  const scores = () =>
    JSON.parse(readFileSync(at("scores.json"), "utf8")).images.map(({ name, dsc }: { name: string; dsc: number }) => [name, dsc]);
  cpSync(at("busi", "test_masks"), at("same"), { recursive: true });
  await evaluate(at("same"));
  expect(scores()).toEqual([
    ["benign (1)", 1],
    ["malignant (1)", 1],
    ["normal (1)", 1],
  ]);
  await files.write("same", { "benign (1).png": maskPng("#...", "#...") });
  await evaluate(at("same"));
  expect(scores()[0]).toEqual(["benign (1)", 2 / 3]); // one of the two united masks: 2 · 2 / (2 + 4)
  expect(await readClasses(at("busi", "test_classes.csv"))).toEqual(
    new Map([
      ["benign (1).png", "benign"],
      ["malignant (1).png", "malignant"],
    ]),
  );
});

test("MATLAB files are read by the built command; a bad file is named and gives exit status 1", async () => {
  await files.write("brain", { "2.mat": "MATLAB 5.0 MAT-file" });
  await writeMat(at("brain", "1.mat"), "cjdata", slice("100360", 1, [[0, 9]], [[0, 1]]));
  const { status, stderr } = await runCommand([
    "datasets",
    "prepare",
    "figshare-brain",
    at("brain"),
    "--out",
    at("brain-out"),
    "--split",
    "train=1",
  ]);
  expect(stderr).toMatch(/failed: 2\.mat: ".*2\.mat" is a MATLAB file of version 5\.0; expected version 7\.3/);
  expect(stderr).toContain("1 done, 1 failed");
  expect(status).toBe(1);
  expect(files.record("brain")).toMatchObject({ command: "datasets prepare", items: [{ name: "1" }], failed: [{ files: ["2.mat"] }] });
});

test("a wrong name, wrong shares and a missing folder are wrong use", async () => {
  const run = (...args: string[]) => runInProcess(["datasets", "prepare", ...args]);
  const wrong = await run("bussi", at(), "--out", at("none"));
  expect(wrong.stderr).toContain(
    'the data set: expected one of busi, udiat, figshare-brain, covid-qu-ex, konya, medpix, roco, got "bussi"; did you mean "busi"?',
  );
  expect(wrong.status).toBe(2);
  expect((await run("busi", at("nowhere"), "--out", at("none"))).status).toBe(2);
  expect((await run("busi", at("down load"), "--out", at("none"), "--split", "train=2")).status).toBe(2);
  expect((await run("busi")).stderr).toMatch(/the folder of the data set is missing/);
});

test("the list says where to download, and under which licence", async () => {
  const { status, stdout } = await runInProcess(["datasets", "list"]);
  expect(status).toBe(0);
  expect(stdout).toContain("figshare-brain: Cheng (brain tumors, figshare)");
  expect(stdout.match(/^ {2}licence +.+$/gm)).toHaveLength(7);
});
