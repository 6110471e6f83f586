import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSam } from "../../src/pipeline/models/model.ts";
import { runRefine } from "../../src/pipeline/zero-shot/refine.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import { RefineRunSettings, SegmentSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { decodeImage } from "../../src/scans/decode-image.ts";
import { readMask } from "../../src/scans/read-mask.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { nanoSam, nanoVariant } from "../support/models.ts";
import { collect, nanoModels, warningsOf, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-variants-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(async () => {
  await writeDisc(at("scans", "a.png"), 1);
  mkdirSync(at("coarse"));
  const box = await sharp({ create: { width: 40, height: 30, channels: 3, background: "white" } })
    .png()
    .toBuffer();
  await sharp({ create: { width: 96, height: 72, channels: 3, background: "black" } })
    .composite([{ input: box, left: 30, top: 20 }])
    .toColourspace("b-w")
    .toFile(at("coarse", "a.png"));
});

const record = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8"));
const refine = (settings: object) =>
  collect(runRefine(RefineRunSettings.parse({ inputs: [at("scans")], coarse: at("coarse"), threads: 1, ...settings })));

describe.each(["medsam", "sam-med2d"] as const)("%s", (variant) => {
  test("refine writes the masks and arrays of the predictor, and records the variant", async () => {
    const sam = await nanoVariant(variant);
    await refine({ sam, out: at(variant), raw: true });
    expect(record(variant)).toMatchObject({ samVariant: variant, settings: { samVariant: "auto" } });
    const model = await loadSam(sam, { threads: 1 });
    await model.sam.setImage((await decodeImage(at("scans", "a.png"), { mode: "paper" })).image);
    const [prediction] = await model.sam.predict({ boxes: [{ x0: 30, y0: 20, x1: 70, y1: 50 }] });
    await model.sam.dispose();
    const { tensors } = await readSafetensors(at(variant, "raw", "a.safetensors"));
    expect(tensors.get("logits")!.data).toEqual(prediction!.logitsOf(0));
    const { mask } = await readMask(at(variant, "masks", "a.png"));
    const all = prediction!.mask().data;
    expect(mask.data.some((value) => value === 1)).toBe(true);
    expect(mask.data.every((value, i) => value <= all[i]!)).toBe(true); // the largest component
  });

  test("segment runs from text to mask", async () => {
    const { clip } = await nanoModels();
    const settings = {
      inputs: [at("scans")],
      out: at(`segment-${variant}`),
      clip,
      sam: await nanoVariant(variant),
      prompt: ["dark lesion"],
    };
    const events = await collect(runSegment(SegmentSettings.parse({ ...settings, steps: 2, samples: 1, fractional: true, threads: 1 })));
    expect(events.at(-1)).toMatchObject({ done: 1, failed: 0 });
    expect(record(`segment-${variant}`).samVariant).toBe(variant);
  });
});

test("a file called MedSAM is taken for one with a warning, unless the user says otherwise; results are not mixed", async () => {
  const sam = at("medsam_vit_b.safetensors");
  cpSync(join(await nanoSam(), "model.safetensors"), sam);
  const warnings = warningsOf(await refine({ sam, out: at("named") }));
  expect(warnings).toContainEqual(expect.stringContaining('is taken for MedSAM because of the name "medsam_vit_b.safetensors"'));
  expect(record("named").samVariant).toBe("medsam");
  expect(warningsOf(await refine({ sam, samVariant: "sam", out: at("asked") })).join()).not.toContain("MedSAM");
  expect(record("asked").samVariant).toBe("sam");
  await expect(refine({ sam, samVariant: "sam", out: at("named") })).rejects.toThrow("was used as medsam, now it is used as sam");
  expect((await refine({ sam, samVariant: "medsam", out: at("named") })).at(-1)).toMatchObject({ skipped: 1 });
});

test("prompts that a model was not trained with are warned of", async () => {
  const settings = { sam: await nanoVariant("medsam"), out: at("points"), visualPrompt: "points", multimask: "average" };
  const warnings = warningsOf(await refine(settings));
  expect(warnings).toContain("MedSAM was trained with boxes alone, not with points (--visual-prompt points): expect worse masks.");
  expect(warnings).toContainEqual(expect.stringContaining("not with candidate masks (--multimask average)"));
  const others = await refine({ ...settings, sam: await nanoVariant("sam-med2d"), out: at("points-2d") });
  expect(warningsOf(others).join()).not.toContain("trained with");
});
