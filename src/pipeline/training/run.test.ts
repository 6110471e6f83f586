import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runTraining } from "./run.ts";

const out = mkdtempSync(join(tmpdir(), "medclip-sam-training-"));
afterAll(() => rmSync(out, { recursive: true }));

test("a consumer that stops at the first warning leaves no lock in the folder", async () => {
  const ofAnotherMachine = ".run.lock.0.1.tmp";
  writeFileSync(join(out, ofAnotherMachine), JSON.stringify({ pid: 1, host: "another.machine" }));
  const content = { command: "finetune", settings: {}, weights: {}, counts: { train: 1 }, stepsPerEpoch: 1, trainedSize: 1 };
  const run = { content, out, overwrite: false, dropped: [], total: 1, epochs: 1, begun: 0, trainer: { steps: 0 } };
  const start = () => {
    throw new Error("the training must not start");
  };
  for await (const event of runTraining(start, run)) {
    expect(event).toMatchObject({ type: "warning", message: expect.stringContaining('a run on "another.machine"') });
    expect(readdirSync(out).filter((name) => name.includes(".lock."))).toHaveLength(2);
    break;
  }
  expect(readdirSync(out).sort()).toEqual([ofAnotherMachine, "run.json"]);
});
