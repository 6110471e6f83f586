import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runCoarse } from "../../src/pipeline/zero-shot/coarse.ts";
import { runRefine } from "../../src/pipeline/zero-shot/refine.ts";
import { runSaliency } from "../../src/pipeline/zero-shot/saliency.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import {
  CoarseRunSettings,
  RefineRunSettings,
  SaliencyRunSettings,
  SegmentSettings,
} from "../../src/pipeline/zero-shot/settings/commands.ts";
import { M2ibConfig } from "../../src/saliency/index.ts";
import { normal } from "../../src/tensor/random.ts";
import { readSafetensors, writeSafetensors } from "../../src/tensor/safetensors.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { collect, nanoModels, writeDisc } from "../support/tiny-run.ts";

/** Simulates a machine with wrong 8-bit kernels while a test sets it. */
const machine = vi.hoisted(() => ({ isWrong: false }));
vi.mock(import("#runtime"), async (original) => {
  const { openSession, ...rest } = await original();
  return {
    ...rest,
    openSession: async (...given) => {
      const session = await openSession(...given);
      if (!machine.isWrong) return session;
      return {
        inputs: session.inputs,
        dispose: () => session.dispose(),
        run: async (feeds) => {
          const outputs = await session.run(feeds);
          if (outputs.int8) (outputs.int8.data as Float32Array).fill(0);
          return outputs;
        },
      };
    },
  };
});

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-run-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);

let models: { clip: string; sam: string };
beforeAll(async () => {
  models = await nanoModels();
  await writeDisc(at("scans", "a.png"), 1);
  await writeDisc(at("scans", "sub", "b.png"), 2, 60, 100);
});

/** Few steps keep the tests quick; what is tested does not depend on their number. */
const quick = { steps: 3, samples: 2 };
const base = () => ({ ...quick, ...models, inputs: [at("scans")], prompt: ["dark lesion"] });
const segment = (settings: object) => collect(runSegment(SegmentSettings.parse({ ...base(), ...settings })));

interface Confidence {
  similarity: number;
  masked: number;
  drop: number;
  isIncreased: boolean;
}

interface Run {
  command: string;
  settings: Record<string, unknown>;
  seed: number;
  samPrecision: string;
  weights: Record<string, { sha256: string }>;
  images: {
    name: string;
    prompt: string[];
    boxes: number[][];
    scores: number[];
    areaPx: number;
    window: number[];
    warnings: string[];
    ms: object;
    confidence?: Confidence;
  }[];
  failed: { name: string; message: string }[];
}
const record = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8")) as Run;

/** Every picture and array of a run by its path; `run.json` holds times, so it differs. */
function contents(out: string): Record<string, string> {
  const files = readdirSync(at(out), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name !== "run.json",
  );
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => [
        join(parentPath, name).slice(at(out).length + 1),
        readFileSync(join(parentPath, name)).toString("base64"),
      ])
      .sort(),
  );
}

/** Gray levels of a picture. */
const levels = (file: string) => sharp(file).toColourspace("b-w").raw().toBuffer();

describe("segment", () => {
  test("writes mask, saliency, coarse mask, overlay and raw arrays of each image, in its sub-folder, and a record", async () => {
    const events = await segment({ out: at("whole"), raw: true });
    expect(events.at(-1)).toMatchObject({ type: "end", done: 2, skipped: 0, failed: 0 });
    for (const kind of ["masks", "saliency", "coarse", "overlay"]) {
      expect(existsSync(at("whole", kind, "a.png"))).toBe(true);
      expect(existsSync(at("whole", kind, "sub", "b.png"))).toBe(true);
    }
    const mask = sharp(at("whole", "masks", "sub", "b.png"));
    expect(await mask.metadata()).toMatchObject({ width: 60, height: 100, channels: 1, depth: "uchar" });
    expect([...new Set(await mask.raw().toBuffer())].every((level) => level === 0 || level === 255)).toBe(true);
    const run = record("whole");
    expect(run).toMatchObject({ command: "segment", seed: 42, settings: { layer: 7, beta: 0.1, steps: 3, fit: "crop" } });
    expect(run.weights.clip!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(run.images.map(({ name, prompt, window }) => ({ name, prompt, window }))).toEqual([
      { name: "a", prompt: ["dark lesion"], window: [11, 0, 85, 72] },
      { name: "sub/b", prompt: ["dark lesion"], window: [0, 19, 60, 79] },
    ]);
    const { tensors } = await readSafetensors(at("whole", "raw", "a.safetensors"));
    expect(tensors.get("capacity")!.shape).toEqual([8, 8]);
    expect(tensors.get("saliency")!.shape).toEqual([72, 96]);
    expect(tensors.get("logits")!.shape).toEqual([1, 32, 32]);
    expect([...(tensors.get("boxes")!.data as Float32Array)]).toEqual(run.images[0]!.boxes[0]);
    expect([...(tensors.get("scores")!.data as Float32Array)]).toEqual(run.images[0]!.scores);
    const saliency = await levels(at("whole", "saliency", "a.png"));
    const outside = [...saliency].filter((_, i) => i % 96 < 11 || i % 96 >= 85);
    expect(new Set(outside)).toEqual(new Set([0])); // outside the crop, the map is 0
  });

  test("gives the same bytes with one thread and with two, and in any order of the inputs", async () => {
    await segment({ out: at("one"), raw: true, threads: 1 });
    await segment({ out: at("two"), raw: true, threads: 2, inputs: [at("scans", "sub"), at("scans", "a.png")] });
    const [one, two] = [contents("one"), contents("two")];
    expect(two["masks/a.png"]).toBe(one["masks/a.png"]);
    expect(two["raw/a.safetensors"]).toBe(one["raw/a.safetensors"]);
    expect(two["raw/b.safetensors"]).toBe(one["raw/sub/b.safetensors"]);
    expect(contents("whole")).toEqual(one);
  });

  test("a rerun computes only what is missing", async () => {
    rmSync(at("one", "overlay", "a.png"));
    const events = await segment({ out: at("one"), raw: true });
    expect(events.at(-1)).toMatchObject({ done: 1, skipped: 1 });
    expect(contents("one")).toEqual(contents("whole"));
  });

  test("other settings in the same folder are refused without --overwrite", async () => {
    await expect(segment({ out: at("one"), beta: 0.5 })).rejects.toThrow(
      /holds results of other settings \(beta was 0.1, now it is 0.5\).*--overwrite/,
    );
    await expect(segment({ out: at("one"), prompt: ["bright lesion"] })).rejects.toThrow(
      /text prompt \["dark lesion"\], now it is \["bright lesion"\].*--overwrite/,
    );
    const events = await segment({ out: at("one"), beta: 0.5, overwrite: true });
    expect(events.at(-1)).toMatchObject({ done: 2, skipped: 0 });
    expect(record("one").settings.beta).toBe(0.5);
  });

  test("unreadable inputs are named and the others are processed", async () => {
    await writeDisc(at("mixed", "good.png"), 3);
    writeFileSync(at("mixed", "empty.png"), "");
    writeFileSync(at("mixed", "foreign.jpg"), "this is a text");
    const events = await segment({ out: at("mixed-out"), inputs: [at("mixed")] });
    expect(
      events
        .filter(({ type }) => type === "failure")
        .map((event) => (event as { name: string }).name)
        .sort(),
    ).toEqual(["empty", "foreign"]);
    expect(events.at(-1)).toMatchObject({ done: 1, failed: 2 });
    expect(
      record("mixed-out")
        .failed.map(({ name }) => name)
        .sort(),
    ).toEqual(["empty", "foreign"]);
    expect(record("mixed-out").images.map(({ name }) => name)).toEqual(["good"]);
  });

  test("--confidence measures each map without ground truth: in the records, and in the summary of the run", async () => {
    const events = await segment({ out: at("measured"), saliencyMethod: "nib", confidence: true });
    expect(events.at(-1)).toMatchObject({
      lines: [expect.stringMatching(/^confidence of 2 maps: drop \d+\.\d\d .*, increase in \d+\.\d % /)],
    });
    const found = record("measured").images.map(({ confidence }) => confidence!);
    for (const { similarity, masked, drop, isIncreased } of found) {
      expect(drop).toBe(Math.max(0, similarity - masked));
      expect(isIncreased).toBe(masked > similarity);
    }
    const settings = {
      ...quick,
      clip: models.clip,
      inputs: [at("scans")],
      prompt: ["dark lesion"],
      saliencyMethod: "nib",
      confidence: true,
    };
    await collect(runSaliency(SaliencyRunSettings.parse({ ...settings, out: at("measured-maps") })));
    expect(record("measured-maps").images.map(({ confidence }) => confidence)).toEqual(found);
    await segment({ out: at("unmeasured"), saliencyMethod: "nib" });
    expect(record("unmeasured").images.map(({ confidence }) => confidence)).toEqual([undefined, undefined]);
  });

  test("a prompts file gives each image its text prompts; an image without any is named", async () => {
    writeFileSync(at("prompts.json"), JSON.stringify({ "a.png": ["dark lesion", "bright lesion"] }));
    const events = await segment({ out: at("prompted"), prompt: undefined, prompts: at("prompts.json") });
    expect(record("prompted").images.map(({ name, prompt }) => [name, prompt])).toEqual([["a", ["dark lesion", "bright lesion"]]]);
    expect(events.find(({ type }) => type === "failure")).toMatchObject({
      name: "sub/b",
      message: expect.stringMatching(/sub.b\.png": ".*prompts\.json" has no text prompt for it/),
    });
  });

  test("noise from a file replaces the seeded noise; noise of another shape is refused and the message gives the needed shape", async () => {
    const shape = [3, 2, 65, 32];
    await writeSafetensors(at("noise.safetensors"), { noise: tensor("float32", shape, normal("m2ib/eps/a.png", 42, 3 * 2 * 65 * 32)) });
    await segment({ out: at("fed"), raw: true, inputs: [at("scans", "a.png")], noise: at("noise.safetensors") });
    // The same numbers as the seeded stream of this file, so the same bytes.
    expect(contents("fed")["raw/a.safetensors"]).toBe(contents("whole")["raw/a.safetensors"]);
    await expect(segment({ out: at("fed"), noise: at("noise.safetensors"), samples: 3 })).rejects.toThrow("[at least 3, 3, 65, 32]");
  });

  test("the saliency method is a setting of the run, and the raw file holds its values", async () => {
    const settings = { raw: true, inputs: [at("scans", "a.png")], layer: undefined };
    for (const [saliencyMethod, layer] of [
      ["gradcam", 7],
      ["gscorecam", undefined], // the last block, too
      ["nib", 7],
      ["patch-text", undefined], // always looks at the last block
    ] as const) {
      const out = at(saliencyMethod);
      expect((await segment({ ...settings, out, saliencyMethod })).at(-1)).toMatchObject({ done: 1 });
      expect(record(saliencyMethod).settings).toMatchObject({ saliencyMethod });
      expect(record(saliencyMethod).settings.layer).toBe(layer);
      expect(record(saliencyMethod).images[0]!.ms).toHaveProperty(saliencyMethod);
      const { tensors } = await readSafetensors(join(out, "raw", "a.safetensors"));
      expect(tensors.get("capacity")!.shape).toEqual([8, 8]);
      const [least, most] = [Math.min, Math.max].map((of) => of(...(tensors.get("saliency")!.data as Float32Array)));
      // The map fills [0, 1] at the size that the model sees; at that of the image its peak may lie between two pixels.
      expect(least).toBe(0);
      expect(most).toBeGreaterThan(0.9);
      await expect(segment({ ...settings, out, saliencyMethod: "m2ib" })).rejects.toThrow(
        `saliencyMethod was "${saliencyMethod}", now it is "m2ib"`,
      );
    }
    await expect(segment({ out: at("x"), saliencyMethod: "nib", classToken: "noise" })).rejects.toThrow(/--class-token noise is for m2ib/);
    await expect(segment({ out: at("x"), saliencyMethod: "nib", noise: at("noise.safetensors") })).rejects.toThrow(
      /--noise .* is for m2ib/,
    );
    expect((await segment({ out: at("x"), saliencyMethod: "nib", dryRun: true })).at(-1)).toMatchObject({ type: "end" });
    expect(existsSync(at("x"))).toBe(false);
  });

  test("a missing model and a missing layer end the run before anything is written", async () => {
    await expect(segment({ out: at("nothing"), clip: undefined })).rejects.toThrow(/no CLIP model was given.*models init.*demo/s);
    await expect(segment({ out: at("nothing"), layer: 12 })).rejects.toThrow("layer 12 does not exist");
    expect(existsSync(at("nothing"))).toBe(false);
  });

  test("a dry run describes the run and writes nothing", async () => {
    const events = await segment({ out: at("dry"), dryRun: true });
    expect(events.at(-1)).toMatchObject({ lines: expect.arrayContaining([expect.stringContaining("Nothing was written")]) });
    expect(existsSync(at("dry"))).toBe(false);
  });
});

test("saliency, coarse and refine together write what segment writes", async () => {
  const common = { out: at("steps"), raw: true };
  const { prompt, inputs } = base();
  await collect(runSaliency(SaliencyRunSettings.parse({ ...common, ...quick, prompt, inputs, clip: models.clip })));
  await collect(runCoarse(CoarseRunSettings.parse({ out: common.out, inputs: [at("steps")] })));
  await collect(runRefine(RefineRunSettings.parse({ ...common, inputs, coarse: at("steps", "coarse"), sam: models.sam })));
  expect(contents("steps")).toEqual(contents("whole"));
  const [steps, whole] = [record("steps"), record("whole")];
  expect(steps.images.map(({ boxes, scores, areaPx, prompt: text, window }) => ({ boxes, scores, areaPx, text, window }))).toEqual(
    whole.images.map(({ boxes, scores, areaPx, prompt: text, window }) => ({ boxes, scores, areaPx, text, window })),
  );
});

test("cached embeddings change neither the bytes nor whether a folder can be resumed", async () => {
  const cached = { out: at("cached"), raw: true, cache: at("embeddings") };
  await segment(cached);
  expect(readdirSync(at("embeddings"))).toHaveLength(2);
  expect(contents("cached")).toEqual(contents("whole"));
  expect((await segment({ ...cached, cache: undefined })).at(-1)).toMatchObject({ skipped: 2 });
  await segment({ ...cached, out: at("again"), inputs: [at("scans", "a.png")] });
  expect(contents("again")["raw/a.safetensors"]).toBe(contents("whole")["raw/a.safetensors"]);
});

test("a memory limit reports the chosen plan; one model at a time gives the same bytes", async () => {
  const events = await segment({ out: at("limited"), raw: true, maxMemory: "2GB" });
  expect(events).toContainEqual({ type: "stage", message: expect.stringMatching(/^at most 2GB: one model at a time/) });
  expect(contents("limited")).toEqual(contents("whole"));
  expect((await segment({ out: at("least"), maxMemory: "1.5GB" })).at(-1)).toMatchObject({ done: 2 });
  await expect(segment({ out: at("never"), maxMemory: "500MB" })).rejects.toThrow(/cannot be met.*need at least about/);
});

test("the encoder's precision is a setting of the run, so a run with another one does not resume", async () => {
  expect((await segment({ out: at("rounded"), samPrecision: "int8" })).at(-1)).toMatchObject({ done: 2 });
  expect(record("rounded")).toMatchObject({ settings: { samPrecision: "int8" }, samPrecision: "int8" });
  await expect(segment({ out: at("rounded") })).rejects.toThrow(/samPrecision was "int8", now it is "float32"/);
});

test("where 8-bit products are computed wrongly, images are encoded in float32, with a warning and an entry in the record", async () => {
  machine.isWrong = true;
  try {
    const warning = { type: "warning", message: expect.stringMatching(/^8-bit arithmetic cannot be used on this machine/) };
    const settings = { out: at("fallen-back"), inputs: [at("scans", "a.png")], samPrecision: "int8", raw: true };
    expect(await segment(settings)).toContainEqual(warning);
    expect(record("fallen-back")).toMatchObject({ settings: { samPrecision: "int8" }, samPrecision: "float32" });
    expect(contents("fallen-back")["raw/a.safetensors"]).toBe(contents("whole")["raw/a.safetensors"]);
    await expect(segment({ out: at("rounded"), samPrecision: "int8" })).rejects.toThrow("the precision of SAM was int8, now it is float32");
  } finally {
    machine.isWrong = false;
  }
});

test("reference mode stretches the map of the crop over the whole image", async () => {
  await segment({ out: at("reference"), mode: "reference", inputs: [at("scans", "a.png")] });
  const saliency = await levels(at("reference", "saliency", "a.png"));
  expect([...saliency].filter((_, i) => i % 96 < 12).some((level) => level > 0)).toBe(true);
  expect(record("reference").images[0]!.window).toBeUndefined();
});

test("the default settings are those of the published command line", () => {
  expect(M2ibConfig.parse({})).toEqual({ layer: 7, beta: 0.1, steps: 10, samples: 10, lr: 1, classToken: "free" });
});
