import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ConfigError } from "../../errors.ts";
import { readPromptSet } from "./prompt-set.ts";
import { embeddedPromptSets } from "./set-file.ts";
import { promptSetName, promptTasks } from "./set-name.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-prompt-sets-"));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (content: unknown): string => {
  const file = join(folder, "own.json");
  writeFileSync(file, JSON.stringify(content));
  return file;
};

test("a name is a task or a file, and a set", () => {
  expect(promptSetName("chest-ct/P4")).toEqual({ task: "chest-ct", kind: "P4" });
  expect(promptSetName("own/sets.json#appearance")).toEqual({ file: "own/sets.json", kind: "appearance" });
  for (const wrong of ["P2", "chest/P2", "chest-ct/P6", "chest-ct/p2", "own.json", "own.json#", "#P2"])
    expect(promptSetName(wrong), wrong).toBeUndefined();
});

test("ensembles have the sentences of the lists", async () => {
  expect((await readPromptSet("brain-mri/P4")).sentences).toEqual((await readPromptSet("brain-mri/P2")).sentences);
  expect((await readPromptSet("brain-mri/P5")).classes).toEqual((await readPromptSet("brain-mri/P3")).classes);
  expect((await readPromptSet("brain-mri/P1")).classes!.get("glioma")).toHaveLength(1);
});

test("a set that a file does not have names those that it has", async () => {
  await expect(readPromptSet("chest-ct/P5")).rejects.toThrow(
    '"chest-ct/P5" does not exist, as "lungs in chest CT" has no classes. There are P0, P2, P4, appearance.',
  );
  await expect(readPromptSet("chest-ct/P9")).rejects.toThrow(ConfigError);
});

test("one's own file is read, and a wrong one refused", async () => {
  const about = { title: "liver", modality: "CT", target: "liver" };
  expect((await readPromptSet(`${written({ ...about, sets: { P2: ["the liver"] } })}#P4`)).sentences).toEqual(["the liver"]);
  await expect(readPromptSet(`${written({ "*": "the liver" })}#P2`)).rejects.toThrow("is not a prompt set file");
  await expect(readPromptSet(`${written({ ...about, sets: { P2: ["..."] } })}#P2`)).rejects.toThrow("a text prompt needs words");
});

describe.each(promptTasks)("the sentences for %s", (task) => {
  const modalityWords = {
    "breast-ultrasound": /ultrasound|sonogra/i,
    "brain-mri": /\bMRI\b|magnetic resonance/,
    "chest-xray": /X-ray|radiograph/,
    "chest-ct": /\bCT\b|computed tomography/,
  };

  test("are lists of twenty, all different, of 10 to 23 words, and name their modality alone", async () => {
    const { sets } = await embeddedPromptSets(task);
    const lists = [sets.P2!, ...Object.values(sets.P3 ?? {})];
    for (const list of lists) expect(list).toHaveLength(20);
    const all = lists.flat();
    expect(new Set(all).size).toBe(all.length);
    for (const sentence of all) {
      const words = sentence.split(" ").length;
      expect(words, sentence).toBeGreaterThanOrEqual(10);
      expect(words, sentence).toBeLessThanOrEqual(23);
      for (const [other, pattern] of Object.entries(modalityWords)) expect(pattern.test(sentence), sentence).toBe(other === task);
      expect(sentence).not.toMatch(/mammo/i);
    }
  });

  test("name a class only where they are about it", async () => {
    const { sets } = await embeddedPromptSets(task);
    expect(Object.keys(sets.P1 ?? {})).toEqual(Object.keys(sets.P3 ?? {}));
    const classWords = /benign|malignant|glioma|meningioma|pituitary|covid|pneumonia|opacit|normal lungs|carcinoma|adenoma/i;
    for (const sentence of [sets.P0!, ...sets.P2!, ...sets.appearance!]) expect(sentence).not.toMatch(classWords);
    for (const phrase of sets.appearance!) expect(phrase).not.toMatch(/tumor|lung|lesion|ultrasound|MRI|X-ray|CT/);
  });
});
