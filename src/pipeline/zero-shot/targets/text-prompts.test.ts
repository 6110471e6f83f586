import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConfigError } from "../../../errors.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import type { Scan } from "../../../scans/scan.ts";
import { noPrompt, textPrompts } from "./text-prompts.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-prompts-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "prompts.json");

/** Images below a folder, as a walk gives them. */
const walked = (...paths: string[]): ImageInput[] =>
  paths.map((path) => ({ file: `scans/${path}`, name: path.replace(/\.[a-z]+$/i, ""), path }));
const promptsOf = async (table: unknown, images: ImageInput[]) => {
  writeFileSync(file, JSON.stringify(table));
  const { all, of, warnings } = await textPrompts({ prompts: file }, images);
  const named = images.map((image) => [image.path, of(image)?.map(({ name, sentences }) => [name, sentences])]);
  const sentences = Object.fromEntries(images.map((image) => [image.path, of(image)?.[0]?.sentences]));
  return { all, named: Object.fromEntries(named), sentences, warnings };
};

test("a key is the path below the folder, or a bare name, with or without ending", async () => {
  const { sentences, warnings } = await promptsOf(
    { "1/a.png": "one", "2/a": ["two", "more"], b: "three", "c.PNG": "four", ".\\d.png": "five", "*": "all" },
    walked("1/a.png", "2/a.png", "x/b.png", "c.png", "d.png", "e.png"),
  );
  expect(sentences).toEqual({
    "1/a.png": ["one"],
    "2/a.png": ["two", "more"],
    "x/b.png": ["three"],
    "c.png": ["four"],
    "d.png": ["five"],
    "e.png": ["all"],
  });
  expect(warnings).toEqual([]);
});

test("an image never gets the text prompt of another image with the same name", async () => {
  expect((await promptsOf({ "a.png": "one" }, walked("a.png", "1/a.png"))).sentences).toEqual({ "a.png": ["one"], "1/a.png": undefined });
  expect((await promptsOf({ "1/a.png": "one" }, walked("a.png"))).sentences).toEqual({ "a.png": undefined });
  await expect(promptsOf({ "a.png": "one" }, walked("1/a.png", "2/a.png"))).rejects.toThrow(
    'the prompt "a.png" matches 2 images: "1/a.png", "2/a.png"',
  );
  await expect(promptsOf({ "a.png": "one" }, walked("1/a.png", "2/a.png"))).rejects.toThrow(ConfigError);
});

test("a file given directly matches its bare name and the end of its path", async () => {
  const given = (path: string): ImageInput => ({ file: path, name: "a", path });
  for (const key of ["a.png", "a", "1/a.png", "scans/1/a"])
    expect((await promptsOf({ [key]: "one" }, [given("/data/scans/1/a.png")])).sentences).toEqual({ "/data/scans/1/a.png": ["one"] });
  expect((await promptsOf({ "2/a.png": "one" }, [given("C:\\scans\\1\\a.png")])).sentences).toEqual({ "C:\\scans\\1\\a.png": undefined });
  expect((await promptsOf({ "1/a.png": "one" }, [given("C:\\scans\\1\\a.png")])).sentences).toEqual({ "C:\\scans\\1\\a.png": ["one"] });
});

test("a key that matches no image is a warning that names the closest one", async () => {
  const { warnings } = await promptsOf({ "haert.png": "one", "*": "all" }, walked("heart.png", "lung.png"));
  expect(warnings).toEqual([`"${file}": 1 prompt without an image of that name: "haert.png" (the closest is "heart.png")`]);
});

test("images without a text prompt are counted before the run starts", async () => {
  const { warnings } = await promptsOf({ "heart.png": "one" }, walked("heart.png", "lung.png", "1/rib.png"));
  expect(warnings).toEqual([`"${file}": no text prompt for 2 images and none for "*" (all others): "lung.png", "1/rib.png"`]);
});

test("a name that macOS stores in another Unicode form is the same name", async () => {
  expect((await promptsOf({ "se\u0301rie/\u00e9.png": "one" }, walked("s\u00e9rie/e\u0301.png"))).sentences).toEqual({
    "s\u00e9rie/e\u0301.png": ["one"],
  });
});

test.each<[string, unknown, RegExp]>([
  ["a text prompt without words", { "a.png": "  " }, /"a.png": a text prompt needs words, got " {2}"/],
  ["one in a list", { "*": ["heart", "\u200b"] }, /"\*": a text prompt needs words/],
  ["an empty list", { "a.png": [] }, /"a.png" is none of these/],
  ["no target", { "a.png": {} }, /"a.png" is none of these/],
  ["a target without words", { "*": { lung: ["."] } }, /"\*", "lung": a text prompt needs words/],
  ["a name that is a path", { "*": { "a/b": "lung" } }, /"a\/b" cannot name a target/],
  ["a target without a text prompt", { "*": { lung: [] } }, /"\*", "lung" is none of these/],
  [
    "some with names, some without",
    { "a.png": { lung: "lung" }, "*": "all" },
    /named targets \("lung"\), others a text prompt without a name/,
  ],
  ["null", { "a.png": null }, /"a.png" is none of these/],
  ["a list of names", ["a.png"], /it is none of these/],
])("%s in the file is rejected", async (_, table, message) => {
  await expect(promptsOf(table, walked("a.png"))).rejects.toThrow(message);
  await expect(promptsOf(table, walked("a.png"))).rejects.toThrow(ConfigError);
});

test("named targets of a file: those of an image replace those of all others, and the run knows all of them", async () => {
  const table = { "*": { lung: "a lung", heart: ["heart", "the heart"] }, "a.png": { lung: "left lung" }, "none.png": { rib: "a rib" } };
  const { all, named } = await promptsOf(table, walked("a.png", "b.png"));
  expect(named).toEqual({
    "a.png": [["lung", ["left lung"]]],
    "b.png": [
      ["lung", ["a lung"]],
      ["heart", ["heart", "the heart"]],
    ],
  });
  expect(all).toMatchObject([
    { name: "lung", sentences: ["a lung", "left lung"] },
    { name: "heart", sentences: ["heart", "the heart"] },
    { name: "rib", sentences: ["a rib"] },
  ]);
});

test("targets of the command line: a repeated name is an ensemble, a text may contain =, and invalid ones are rejected", async () => {
  const given = (...target: string[]) => textPrompts({ target }, []);
  expect((await given("lung=a lung", "heart=a=b", "lung=the lung")).all).toMatchObject([
    { name: "lung", sentences: ["a lung", "the lung"] },
    { name: "heart", sentences: ["a=b"] },
  ]);
  await expect(given("a lung")).rejects.toThrow(
    '--target: expected NAME=TEXT, got "a lung". For a text prompt without a name use --prompt TEXT.',
  );
  await expect(given("lung=")).rejects.toThrow('--target lung: a text prompt needs words, got ""');
  await expect(given("=lung")).rejects.toThrow('--target: "" cannot name a target');
});

test("prompts of the command line are for all images, and need words, too", async () => {
  const [image] = walked("a.png");
  expect((await textPrompts({ prompt: ["heart", "the heart"] }, [])).of(image!)).toMatchObject([{ sentences: ["heart", "the heart"] }]);
  await expect(textPrompts({ prompt: ["heart", "..."] }, [])).rejects.toThrow('--prompt: a text prompt needs words, got "..."');
  expect(noPrompt(image!, { prompts: "p.json" }).message).toBe(
    '"scans/a.png": "p.json" has no text prompt for it and none for "*" (all others).',
  );
});

/** The frames of a scan, as a run sees them. */
const framesOf = (path: string, count: number): ImageInput[] => {
  const name = path.replace(/\.nii\.gz$/, "");
  const whole = { file: `scans/${path}`, name, path };
  return Array.from({ length: count }, (_, index) => {
    const own = `${name}/${String(index + 1).padStart(4, "0")}`;
    return { file: whole.file, name: own, path: own, frame: { scan: {} as Scan, index, whole } };
  });
};

test("a key names a scan, or some of its slices", async () => {
  const frames = framesOf("ct/a.nii.gz", 5);
  const { sentences, warnings } = await promptsOf({ "a.nii.gz": "scan", "ct/a[2:3]": "lungs", "a[5]": "liver", "*": "other" }, [
    ...frames,
    ...walked("b.png"),
  ]);
  expect(frames.map(({ path }) => sentences[path])).toEqual([["scan"], ["lungs"], ["lungs"], ["scan"], ["liver"]]);
  expect(sentences["b.png"]).toEqual(["other"]);
  expect(warnings).toEqual([]);
});

test("slices in brackets that are none are refused; of an unknown scan they are a warning", async () => {
  await expect(promptsOf({ "a[2-3]": "lungs", "*": "other" }, framesOf("a.nii.gz", 5))).rejects.toThrow(
    '"a[2-3]": expected slices such as',
  );
  const { warnings } = await promptsOf({ "b[2:3]": "lungs", "*": "other" }, framesOf("a.nii.gz", 5));
  expect(warnings[0]).toContain('1 prompt without an image of that name: "b[2:3]"');
});
