import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConfigError } from "../../../errors.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { readPromptSet } from "../../../targets/prompt-sets/prompt-set.ts";
import { noPrompt, textPrompts } from "./text-prompts.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-class-files-"));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (name: string, content: string): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

const walked = (...paths: string[]): ImageInput[] =>
  paths.map((path) => ({ file: `scans/${path}`, name: path.replace(/\.[a-z]+$/i, ""), path }));
const many = walked(...Array.from({ length: 200 }, (_, i) => `case-${i}.png`));
const sentencesOf = async (settings: Parameters<typeof textPrompts>[0], images = many) => {
  const { of } = await textPrompts(settings, images);
  return images.map((image) => of(image)?.[0]?.sentences);
};

test("a sentence is drawn for each image by seed and file name alone", async () => {
  const drawn = await sentencesOf({ promptSet: "breast-ultrasound/P2", seed: 1 });
  const again = await sentencesOf({ promptSet: "breast-ultrasound/P2", seed: 1 }, [...many].reverse().slice(0, 50));
  expect(again).toEqual([...drawn].reverse().slice(0, 50));
  expect(await sentencesOf({ promptSet: "breast-ultrasound/P2", seed: 2 })).not.toEqual(drawn);
  const { sentences } = await readPromptSet("breast-ultrasound/P2");
  for (const one of drawn) expect(one).toHaveLength(1);
  // 200 draws from 20 sentences: 10 each are expected, and none is left out.
  const counts = sentences!.map((sentence) => drawn.filter((one) => one![0] === sentence).length);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(Math.max(...counts)).toBeLessThan(25);
});

test("a phrase and an ensemble are the same for all images", async () => {
  expect(new Set((await sentencesOf({ promptSet: "chest-xray/P0" })).flat())).toEqual(new Set(["lungs"]));
  const { sentences } = await readPromptSet("chest-xray/P4");
  expect(await sentencesOf({ promptSet: "chest-xray/P4" }, walked("a.png"))).toEqual([sentences]);
});

test("the text prompts that a run can have do not depend on its images", async () => {
  const some = await textPrompts({ promptSet: "brain-mri/P2" }, walked("a.png"));
  const all = await textPrompts({ promptSet: "brain-mri/P2" }, many);
  expect(some.entries).toEqual(all.entries);
  expect(some.all).toEqual(all.all);
  expect(some.entries).toHaveLength(20);
});

test.each(["P1", "P3", "P5"])("the set %s needs the classes of the images", async (set) => {
  await expect(textPrompts({ promptSet: `brain-mri/${set}` }, many)).rejects.toThrow(
    `--prompt-set brain-mri/${set}: P1, P3 and P5 name the class of each image, so ${set} needs --class-aware FILE.csv or FILE.json that tells it (glioma, meningioma, pituitary)`,
  );
});

test("images get sentences of their class, and the run says that it was told", async () => {
  const images = walked("a.png", "sub/b.png");
  const csv = written("classes.csv", "filename,class\na.png,glioma\nb.png,pituitary\n");
  const json = written("classes.json", JSON.stringify({ a: "glioma", "sub/b": "pituitary" }));
  const classes = (await readPromptSet("brain-mri/P5")).classes!;
  for (const classAware of [csv, json]) {
    const { of, warnings } = await textPrompts({ promptSet: "brain-mri/P5", classAware }, images);
    expect(images.map((image) => of(image)![0]!.sentences)).toEqual([classes.get("glioma"), classes.get("pituitary")]);
    expect(warnings).toEqual([expect.stringContaining("--class-aware")]);
  }
  const drawn = await sentencesOf({ promptSet: "brain-mri/P3", classAware: csv }, images);
  expect(classes.get("glioma")).toContain(drawn[0]![0]);
  expect(classes.get("pituitary")).toContain(drawn[1]![0]);
});

test("an image without a class is named, and a class that there is not refused", async () => {
  const images = walked("a.png", "b.png");
  const classAware = written("some.csv", "filename,class\na.png,benign\nz.png,benign\n");
  const { of, warnings } = await textPrompts({ promptSet: "breast-ultrasound/P1", classAware }, images);
  expect(of(images[1]!)).toBeUndefined();
  expect(warnings.slice(1)).toEqual([
    `"${classAware}": 1 class without an image of that name: "z.png" (the closest is "a.png")`,
    `"${classAware}": no class for 1 image: "b.png"`,
  ]);
  expect(noPrompt(images[1]!, { classAware }).message).toBe(`"scans/b.png": "${classAware}" has no class for it.`);
  const wrong = written("wrong.json", JSON.stringify({ "a.png": "bening" }));
  await expect(textPrompts({ promptSet: "breast-ultrasound/P1", classAware: wrong }, images)).rejects.toThrow(
    'the class "bening", but "breast-ultrasound/P1" has benign, malignant',
  );
});

test("files of classes that are none are refused", async () => {
  const promptSet = "breast-ultrasound/P1";
  const refused = async (classAware: string, message: string) => {
    const run = textPrompts({ promptSet, classAware }, walked("a.png"));
    await expect(run).rejects.toThrow(ConfigError);
    await expect(run).rejects.toThrow(message);
  };
  await refused(
    written("header.csv", "image,label\na.png,benign\n"),
    'expected a table whose first row is "filename,class", got "image,label"',
  );
  await refused(written("twice.csv", "filename,class\na.png,benign\na.png,malignant\n"), 'has the classes "benign" and "malignant"');
  await refused(written("list.json", '["benign"]'), "maps file names to classes");
  await refused(written("number.json", '{"a.png": 1}'), '"a.png" has none');
});

test("classes without use are refused", async () => {
  const classAware = written("unused.csv", "filename,class\na.png,benign\n");
  await expect(textPrompts({ promptSet: "breast-ultrasound/P2", classAware }, many)).rejects.toThrow("the same sentences for all classes");
  await expect(textPrompts({ prompt: ["a lesion"], classAware }, many)).rejects.toThrow("--class-aware is for --prompt-set");
});
