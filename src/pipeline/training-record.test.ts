import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readTraining, TrainingRecord } from "./training/record.ts";

const root = mkdtempSync(join(tmpdir(), "medclip-sam-training-record-"));
afterAll(() => rmSync(root, { recursive: true }));
let [out, count] = ["", 0];
beforeEach(() => {
  out = join(root, String(count++));
});

const content = (settings: object = {}) => ({
  ...{ command: "finetune", settings: { lr: 1, ...settings }, weights: {}, stepsPerEpoch: 2, trainedSize: 10 },
  counts: { train: 4, validation: 0, shared: 0, dropped: {}, truncated: 0 },
});
const open = (settings?: object, overwrite = false) => TrainingRecord.open(out, content(settings), { overwrite });
const dropped = (key: string) => ({ key, kind: "input" as const, reason: "image cannot be decoded", detail: "damaged" });

test("a killed training keeps the pairs that it could not use, and reports each once", async () => {
  const first = await open();
  expect(await first.fail([dropped("a"), dropped("b")])).toHaveLength(2);
  cpSync(out, `${out}-killed`, { recursive: true });
  await first.close();
  rmSync(out, { recursive: true });
  renameSync(`${out}-killed`, out);
  expect(JSON.parse(readFileSync(join(out, "run.json"), "utf8"))).toMatchObject({ recordVersion: 1, failed: [], result: null });
  expect((await readTraining(out))!.failed.map(({ name }) => name)).toEqual(["a", "b"]); // as its report reads it
  const second = await open();
  expect(await second.fail([dropped("b"), dropped("c")])).toEqual([{ name: "c", message: "image cannot be decoded: damaged" }]);
  await second.finish();
  await second.close();
  expect(readdirSync(out)).toEqual(["run.json"]);
  expect((await readTraining(out))!.failed).toHaveLength(3);
});

test("a folder of another training, of another command or of unknown checkpoints is rejected and unlocked", async () => {
  await (await open()).close();
  await expect(open({ lr: 2 })).rejects.toThrow(/holds a training with other settings \(lr was 1, now it is 2\)/);
  await expect(TrainingRecord.open(out, { ...content(), command: "finetune-sam" }, { overwrite: true })).rejects.toThrow(
    /holds results of the command "finetune"/,
  );
  await (await open({ lr: 2 }, true)).close(); // it is unlocked
  rmSync(join(out, "run.json"));
  mkdirSync(join(out, "checkpoints"));
  writeFileSync(join(out, "checkpoints", "last.safetensors"), "");
  await expect(open()).rejects.toThrow(/last.safetensors" already exists, and no record in/);
});

test("two trainings cannot write into one folder at once", async () => {
  const first = await open();
  await expect(open()).rejects.toThrow(`process ${process.pid} is writing into "${out}"`);
  await first.close();
  await (await open()).close();
});

/** A training that begins with some weights in the folder `out`, which holds a file. */
const withFile = (name: string) => {
  const file = join(out, name, "open_clip_model.safetensors");
  mkdirSync(join(out, name), { recursive: true });
  writeFileSync(file, "weights");
  const from = (weights: string, overwrite = false) =>
    TrainingRecord.open(out, { ...content(), weights: { clip: { file: weights, sha256: "0" } } }, { overwrite });
  return { file, from };
};

test("a model that no training has made is kept without --overwrite", async () => {
  const { file, from } = withFile("model");
  await expect(from("clip.safetensors")).rejects.toThrow(
    `"${file}" already exists, and no record in "${out}" shows that a run made it. Choose another --out, or pass --overwrite`,
  );
  await (await from("clip.safetensors", true)).close();
  expect(existsSync(file)).toBe(false);
  withFile("model");
  await (await from("clip.safetensors")).close(); // its own
});

test("the inputs of a training are never replaced by its results", async () => {
  const { file, from } = withFile("model");
  await expect(from(file, true)).rejects.toThrow(/is an input of this training and would be overwritten by its results/);
  expect(existsSync(file)).toBe(true);
  await (await from(withFile("models").file, true)).close();
});
