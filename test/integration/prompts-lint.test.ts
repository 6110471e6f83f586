import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPromptsLint } from "../../src/pipeline/prompts/lint/run.ts";
import { PromptsLintSettings } from "../../src/pipeline/prompts/lint/settings.ts";
import { runPromptsList } from "../../src/pipeline/prompts/list/run.ts";
import { PromptsListSettings } from "../../src/pipeline/prompts/list/settings.ts";
import { promptTasks } from "../../src/targets/prompt-sets/set-name.ts";
import { dicomBytes } from "../support/dicom.ts";
import { collect, nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-lint-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

let clip: string;
beforeAll(async () => {
  ({ clip } = await nanoModels());
  await writeDisc(at("in", "a.png"), 1, 24, 20);
  const values = { SOPClassUID: "1.2.840.10008.5.1.4.1.1.6.1", Modality: "US", PhotometricInterpretation: "MONOCHROME2" };
  const size = { Rows: 4, Columns: 4, BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelRepresentation: 0, SamplesPerPixel: 1 };
  writeFileSync(at("in", "b.dcm"), dicomBytes({ ...values, ...size, PixelData: new Uint8Array(16).fill(9) }));
});

const linted = async (given: object) => {
  const events = await collect(runPromptsLint(PromptsLintSettings.parse({ clip, ...given })));
  const end = events.at(-1)!;
  if (end.type !== "end") throw new Error(`expected an end, got ${end.type}`);
  return { failed: end.failed, lines: end.lines! };
};
const written = (content: unknown): string => {
  const file = at("prompts.json");
  writeFileSync(file, JSON.stringify(content));
  return file;
};

test("a file without fault has no problem", async () => {
  const { failed, lines } = await linted({ file: written({ "*": "a bright lesion" }), images: [at("in")] });
  expect({ failed, lines }).toEqual({ failed: 0, lines: ["no problem in 1 sentence"] });
});

test.each([{}, { title: "t", modality: "CT", target: "t", sets: {} }])("a file without sentences is a problem: %j", async (content) => {
  const { failed, lines } = await linted({ file: written(content) });
  expect({ failed, lines }).toEqual({
    failed: 1,
    lines: [`empty: "${at("prompts.json")}": holds no sentences`, "1 problem in 0 sentences"],
  });
});

test("control characters are a problem, and do not reach the terminal", async () => {
  const { failed, lines } = await linted({ file: written({ "*": "a bright\u001b[31m lesion\0" }) });
  expect(failed).toBeGreaterThan(0);
  expect(lines[0]).toBe('control: "*": control characters (U+001B, U+0000): "a bright\\u001b[31m lesion\\u0000"');
  expect(lines.join("")).not.toMatch(/\p{Cc}/u);
});

test("keys are compared with the images, and words with the modality of DICOM files", async () => {
  const file = written({ "a.png": "lesion", "b.dcm": "the dark lesion in the mammogram", "c.png": "a dark lesion" });
  const { lines } = await linted({ file, images: [at("in")] });
  expect(lines).toContainEqual(expect.stringContaining('1 prompt without an image of that name: "c.png"'));
  expect(lines).toContainEqual(expect.stringMatching(/^modality: "b\.dcm": mammogram in an image of ultrasound/));
  expect(lines).toContainEqual(`vocabulary: "b.dcm": "mammogram" is not in the model's vocabulary`);
});

test("a stated modality holds for all sentences, and the file that names its own", async () => {
  expect((await linted({ prompt: ["a bright lesion in ct"], modality: "MRI" })).lines[0]).toMatch(
    /^modality: --prompt: CT in an image of MRI/,
  );
  const sets = { P2: ["bright", "a dark ct"], P3: { one: ["lesion"] } };
  const { lines } = await linted({ file: written({ title: "t", modality: "breast ultrasound", target: "t", sets }) });
  expect(lines).toContainEqual(expect.stringMatching(/^modality: P2: CT in an image of ultrasound/));
});

test("problems are counted and written", async () => {
  const { failed } = await linted({ prompt: ["...", "lesion", "lesion"], json: at("found.json") });
  expect(failed).toBe(2);
  expect(JSON.parse(readFileSync(at("found.json"), "utf8"))).toMatchObject({
    sentences: 3,
    problems: [
      { rule: "empty", where: "--prompt" },
      { rule: "duplicate", where: "--prompt" },
    ],
  });
});

test("a command line without text prompts, or with two sources, is refused", () => {
  expect(() => PromptsLintSettings.parse({ clip })).toThrow("give text prompts in one way");
  expect(() => PromptsLintSettings.parse({ clip, file: "a", prompt: ["b"] })).toThrow("give text prompts in one way");
  expect(() => PromptsLintSettings.parse({ clip, prompt: ["b"], modality: "image" })).toThrow("expected the name of one modality");
});

test.each(promptTasks.map((task) => [task]))("the sets for %s contradict nothing in themselves", async (task) => {
  const file = join(import.meta.dirname, "../../prompt-sets", `${task}.json`);
  const { lines } = await linted({ file });
  expect(lines.filter((line) => /^(modality|leak|duplicate)/.test(line))).toEqual([]);
});

test("the list names sets with their counts, and its file holds all sentences", async () => {
  const listed = async (given: object) => (await collect(runPromptsList(PromptsListSettings.parse(given)))).at(-1);
  expect(await listed({})).toMatchObject({ lines: expect.arrayContaining([expect.stringContaining("chest-xray/P5")]) });
  const end = await listed({ task: "breast-ultrasound", set: "P3", json: at("sets.json") });
  expect(end).toMatchObject({ done: 1 });
  const { tasks } = JSON.parse(readFileSync(at("sets.json"), "utf8"));
  expect(tasks).toHaveLength(1);
  expect(tasks[0].sets[0].classes.malignant).toHaveLength(20);
});
