import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { channelNamesOf, checkedDatasetJson } from "./dataset-json.ts";
import { readDatasetJson } from "./read-dataset-json.ts";

const right = { channel_names: { "0": "R", "1": "G" }, labels: { background: 0, lung: 1 }, numTraining: 3, file_ending: ".png" };

test("a dataset.json is read with its channels in order and the meaning of its labels", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dataset-json-"));
  await writeFile(join(folder, "dataset.json"), JSON.stringify({ ...right, channel_names: { "1": "G", "0": "R" }, licence: "CC0" }));
  const { json, labels } = await readDatasetJson(folder);
  expect(channelNamesOf(json)).toEqual(["R", "G"]);
  expect(labels.outputs).toBe(2);
});

test("modality, nnU-Net v1's word for the channels, is read", () => {
  const { channel_names, ...rest } = right;
  expect(checkedDatasetJson({ ...rest, modality: channel_names }, "dataset.json").channel_names).toEqual(channel_names);
});

test("a missing file is an error that names it", async () => {
  await expect(readDatasetJson("/nowhere")).rejects.toThrow(/dataset\.json" cannot be read \(ENOENT\)/);
});

const without = (key: keyof typeof right) => Object.fromEntries(Object.entries(right).filter(([other]) => other !== key));

test.each([
  ["no object", [], /must hold an object, got \[\]/],
  ["no channels", without("channel_names"), /has no key "channel_names"\. Add "channel_names": \{"0": "CT"\}/],
  ["no labels", without("labels"), /has no key "labels"\. Add "labels": \{"background": 0, "lung": 1\}/],
  ["no number of cases", without("numTraining"), /has no key "numTraining"/],
  ["no ending", without("file_ending"), /has no key "file_ending"\. Add "file_ending": ".png"/],
  ["a number of cases as text", { ...right, numTraining: "3" }, /"numTraining" is "3"; expected such as "numTraining": 12/],
  ["an ending without dot", { ...right, file_ending: "png" }, /"file_ending" is "png"; write it with its dot/],
  ["channels from 1", { ...right, channel_names: { "1": "R" } }, /keys of "channel_names" must be "0", "1" and so on, got "1"/],
  ["channels the wrong way round", { ...right, channel_names: { R: "0" } }, /got "R"\. The name belongs behind the number/],
  ["labels with a gap", { ...right, labels: { background: 0, lung: 2 } }, /consecutive/],
  ["files without label", { ...right, dataset: { a: { images: ["a.png"] } } }, /"dataset\.a\.label" is undefined/],
])("%s: the error names the file and says what to write", (_, json, message) => {
  expect(() => checkedDatasetJson(json, "Dataset001_A/dataset.json")).toThrow(message);
  expect(() => checkedDatasetJson(json, "Dataset001_A/dataset.json")).toThrow(/^"Dataset001_A\/dataset.json"/);
});
