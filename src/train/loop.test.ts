import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readMetrics } from "./log.ts";
import { type LoopOptions, trainingLoop } from "./loop.ts";
import { OptimiserSettings, rulesOf } from "./optimiser-settings.ts";
import { Trainer } from "./trainer.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-loop-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A model of one weight, whose gradient is 1: each step of SGD takes the learning rate off it. */
class OneWeight extends Trainer<OptimiserSettings> {
  constructor(lr = 1) {
    const settings = OptimiserSettings.parse({ optimizer: "sgd", momentum: 0, weightDecay: 0, schedule: "constant", lr });
    super(new Map([["w", [1]]]), settings, rulesOf(settings, { stepsPerEpoch: 2, epochs: 3 }), { threads: 1 });
  }

  async step(loss = 0.5) {
    this.state.receive("w", 0, Float32Array.of(1), true);
    return { ...(await this.update(loss)), loss };
  }

  dispose(): Promise<void> {
    return this.state.dispose();
  }

  override async exportTo(to: string): Promise<string> {
    mkdirSync(to, { recursive: true });
    const file = join(to, "w.json");
    writeFileSync(file, JSON.stringify([...this.trained("w")!.data]));
    return file;
  }
}

/** Trains with these held-out losses, before training and after each epoch; none: nothing is held out. */
async function train(
  name: string,
  losses: readonly number[] | undefined,
  changes: Partial<LoopOptions> & { lr?: number; loss?: number; isFromScratch?: boolean; kept?: number[]; befores?: unknown[] } = {},
) {
  const { lr, loss, isFromScratch = false, kept, befores, ...options } = changes;
  const trainer = new OneWeight(lr);
  const out = join(folder, name);
  const training = {
    trainer,
    unit: "item",
    chosenBy: "loss",
    async *batches(_: number, from: number) {
      for (let at = from; at < 2; at++) yield { batch: loss, size: 1, position: at + 1, dropped: [] };
    },
    step: (batch: number | undefined) => trainer.step(batch),
    score:
      losses &&
      (async (after: number, before: unknown) => {
        befores?.push(before);
        return { scores: { loss: losses[after]! }, dropped: [] };
      }),
    isFromScratch,
    keep: async (epoch: number) => void kept?.push(epoch),
    emptiness: "no training step was run",
  };
  const events = [];
  try {
    for await (const event of trainingLoop(training, { out, epochs: 3, ...options })) events.push(event);
  } finally {
    await trainer.dispose();
  }
  const last = events.findLast((event) => event.type === "epoch");
  const { epochs } = await readMetrics(out);
  return { events, position: last?.position, best: epochs.map(({ isBest }) => isBest), model: modelOf(name) };
}

/** The weight of the exported model: 0 minus the steps that it has made. */
const modelOf = (name: string): number => JSON.parse(readFileSync(join(folder, name, "model", "w.json"), "utf8"))[0];

test("the best epoch is kept", async () => {
  expect(await train("better", [4, 3, 2, 2.5])).toMatchObject({
    position: { epochs: 3, best: { epoch: 2, scores: { loss: 2 } }, bad: 1 },
    best: [true, true, true, false],
    model: -4,
  });
});

test("where no epoch is better, the model before training is the best and stands in model/", async () => {
  expect(await train("worse", [1, 3, 2, 1])).toMatchObject({
    position: { best: { epoch: 0, scores: { loss: 1 } }, bad: 3 },
    best: [true, false, false, false],
    model: 0,
  });
});

test("epochs that are no better than the start count for the early stop", async () => {
  const { position, model } = await train("early", [1, 3, 2, 0], { earlyStop: 2 });
  expect(position).toMatchObject({ epochs: 2, best: { epoch: 0 }, isStopped: true });
  expect(model).toBe(0);
});

test("a training that goes on remembers that the start was the best", async () => {
  await train("resumed", [1, 3], { epochs: 1 });
  const { events, position, model } = await train("resumed", [1, 3, 2, 0.5]);
  expect(events[0]).toMatchObject({ type: "start", step: 2, position: { best: { epoch: 0, scores: { loss: 1 } } } });
  expect(position).toMatchObject({ best: { epoch: 3, scores: { loss: 0.5 } } });
  expect(model).toBe(-6);
});

test("where nothing is held out the last model is kept", async () => {
  expect(await train("unscored", undefined)).toMatchObject({ position: { best: { epoch: 3, scores: null } }, best: [], model: -6 });
});

test("random weights are not scored, and the first epoch is better than they are", async () => {
  const befores: unknown[] = [];
  const { best, position } = await train("scratch", [0, 3, 2, 4], { isFromScratch: true, befores });
  expect(best).toEqual([true, true, false]);
  expect(position).toMatchObject({ best: { epoch: 2, scores: { loss: 2 } }, scores: { loss: 4 } });
  expect(befores).toEqual([null, { loss: 3 }, { loss: 2 }]);
});

test("a further checkpoint can be kept after each epoch, and the scores of the one before are known after a resume", async () => {
  const [kept, befores]: [number[], unknown[]] = [[], []];
  await train("kept", [4, 3, 2, 1], { kept, befores, epochs: 2 });
  await train("kept", [4, 3, 2, 1], { kept, befores });
  expect(kept).toEqual([0, 1, 2, 3]);
  expect(befores).toEqual([null, { loss: 4 }, { loss: 3 }, { loss: 2 }]);
});

test("the share of the time that a step waits for its batch is told", async () => {
  await train("waiting", undefined);
  const { steps } = await readMetrics(join(folder, "waiting"));
  for (const { rate } of steps) {
    expect(rate.waited).toBeGreaterThanOrEqual(0);
    expect(rate.waited).toBeLessThanOrEqual(1);
  }
});

test.each([
  [
    "a loss",
    { loss: Number.NaN },
    [1, 1],
    "step 1: the loss is NaN and the norm of the gradient 1, expected finite numbers. The step was skipped.",
  ],
  ["a held-out loss", {}, [1, Number.NaN], "after epoch 1 the validation loss is NaN"],
  ["the start's held-out loss", {}, [Number.POSITIVE_INFINITY], "before training the validation loss is Infinity"],
  ["a weight", { lr: 3e38 }, undefined, 'step 2: "w" has weights that are not finite numbers, and nothing was saved'],
])("%s that is not finite ends the training, and the last good model stays", async (name, changes, losses, message) => {
  await expect(train(name, losses, changes)).rejects.toThrow(message);
  if (losses && Number.isFinite(losses[0])) expect(modelOf(name)).toBe(0);
});

const checkpoint = (name: string, which: string) => join(folder, name, "checkpoints", `${which}.safetensors`);
const bytesOf = (name: string, which: string) => readFileSync(checkpoint(name, which));
const change = (file: string, edit: (bytes: Buffer) => Uint8Array) => writeFileSync(file, edit(readFileSync(file)));

test.each<[string, string, (file: string) => void]>([
  ["cut short", "is damaged: it is not a complete training checkpoint", (file) => change(file, (bytes) => bytes.subarray(0, 100))],
  ["empty", "is damaged", (file) => writeFileSync(file, "")],
  ["changed in one byte", "is damaged", (file) => change(file, (bytes) => bytes.fill(1, bytes.length - 1))],
  [
    "of an older format",
    "is a checkpoint of format 0; this version",
    (file) => change(file, (bytes) => replaced(bytes, '\\"format\\":2', '\\"former\\":2')),
  ],
  [
    "of other settings",
    "was made with lr 9, not 1.",
    (file) => change(file, (bytes) => replaced(bytes, '\\"sgd\\",\\"lr\\":1', '\\"sgd\\",\\"lr\\":9')),
  ],
  ["gone", "the checkpoint of this training, does not exist", (file) => rmSync(file)],
])(
  "a last checkpoint that is %s is named, with the way on from the best one, which ends with the same bytes",
  async (name, problem, harm) => {
    const losses = [4, 3, 3.5, 2];
    await train(`${name}, whole`, losses);
    await train(name, losses, { epochs: 2 });
    harm(checkpoint(name, "last"));
    const failure = await train(name, losses).catch((error: Error) => error.message);
    expect(failure).toContain(problem);
    expect(failure).toMatch(/Resume from ".*best\.safetensors" \(epoch 1, step 2\) with --resume best; --overwrite starts over\.$/);
    expect(failure).not.toContain("Download");
    const { events } = await train(name, losses, { resume: "best" });
    expect(events[0]).toMatchObject({ type: "start", step: 2, position: { epochs: 1 } });
    for (const which of ["last", "best"]) expect(bytesOf(name, which).equals(bytesOf(`${name}, whole`, which)), which).toBe(true);
    expect((await train(name, losses)).events[0]).toMatchObject({ type: "start", step: 6 });
  },
);

/** One text for another of the same length. */
function replaced(bytes: Buffer, was: string, is: string): Buffer {
  const at = bytes.indexOf(was);
  expect(at).toBeGreaterThan(0);
  bytes.write(is, at);
  return bytes;
}

test("where both checkpoints are damaged, beginning anew is left, and the model so far", async () => {
  await train("both", [4, 3], { epochs: 1 });
  for (const which of ["last", "best"]) writeFileSync(checkpoint("both", which), "");
  await expect(train("both", [4, 3])).rejects.toThrow(
    /last.safetensors" is damaged.*best.safetensors" cannot be used either: --overwrite starts over\. ".*model" holds the best model so far/,
  );
  await expect(train("both", [4, 3], { resume: "best" })).rejects.toThrow(
    /best.safetensors" is damaged.*Choose --resume last, or --overwrite/,
  );
});

test("going on from the best checkpoint puts the last one right, though nothing is left to do", async () => {
  await train("done", [4, 3, 2, 1]);
  writeFileSync(checkpoint("done", "last"), "");
  await train("done", [4, 3, 2, 1], { resume: "best" });
  expect((await train("done", [4, 3, 2, 1])).events.map(({ type }) => type)).toEqual(["start"]);
});

test.each<[string, readonly number[] | undefined, number]>([
  ["the best epoch", [4, 3, 2, 5], -4],
  ["the start", [1, 2, 3, 4], 0],
  ["the last epoch", undefined, -6],
])("the model of %s is exported again where it is gone or damaged, and training ends as before", async (name, losses, model) => {
  const file = join(folder, name, "model", "w.json");
  await train(name, losses);
  const last = bytesOf(name, "last");
  for (const harm of [() => rmSync(join(file, ".."), { recursive: true }), () => writeFileSync(file, "")]) {
    harm();
    expect(await train(name, losses)).toMatchObject({ model, events: [{ type: "start" }] });
  }
  expect(bytesOf(name, "last").equals(last)).toBe(true);
});

test("a model that cannot be exported again gives a warning; one that is gone, too, an error that says what to do", async () => {
  await train("lost", [4, 3, 2, 5]);
  rmSync(checkpoint("lost", "best"));
  const { events, model } = await train("lost", [4, 3, 2, 5]);
  expect(events[1]).toMatchObject({ type: "warning", message: expect.stringContaining('model" was not exported again') });
  expect(model).toBe(-4);
  rmSync(join(folder, "lost", "model"), { recursive: true });
  await expect(train("lost", [4, 3, 2, 5])).rejects.toThrow(/best\.safetensors".* does not exist\. ".*model" is gone, too: --overwrite/);
});

test("a checkpoint of another training is refused, though its settings are the same", async () => {
  await train("one", [4, 3], { epochs: 1, fingerprint: "one" });
  await train("other", [4, 3], { epochs: 1, fingerprint: "other" });
  copyFileSync(checkpoint("other", "last"), checkpoint("one", "last"));
  await expect(train("one", [4, 3], { fingerprint: "one" })).rejects.toThrow(
    /last.safetensors" belongs to another training.*--resume best/,
  );
});

test("lines behind the checkpoint are cut off, lines that are missing are told, a broken line is named", async () => {
  const metrics = join(folder, "log", "metrics.jsonl");
  await train("log", [4, 3, 2, 1], { epochs: 2 });
  const text = readFileSync(metrics, "utf8");
  writeFileSync(metrics, `${text}{"step":5,"epoch":3,"loss":9,"lr":1,"gradNorm":1,"metrics":{}}\n{"step":6,`); // of a run that was killed
  const { events } = await train("log", [4, 3, 2, 1], { epochs: 2 });
  expect(events.map(({ type }) => type)).toEqual(["start"]);
  expect(readFileSync(metrics, "utf8")).toBe(text);
  writeFileSync(metrics, text.slice(0, text.indexOf('{"step":3')));
  expect((await train("log", [4, 3, 2, 1], { epochs: 2 })).events[1]).toMatchObject({
    type: "warning",
    message: expect.stringMatching(/metrics\.jsonl" lacks 2 of the 4 steps so far/),
  });
  writeFileSync(metrics, `{"step":1\n${text}`);
  await expect(train("log", [4, 3, 2, 1])).rejects.toThrow(/metrics\.jsonl": line 1 is not a valid training log line\. Delete it/);
});
