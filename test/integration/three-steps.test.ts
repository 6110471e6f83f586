import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settingsOf } from "../../src/cli/given-settings.ts";
import { coarseMethods } from "../../src/coarse/index.ts";
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
import type { RunEvent } from "../../src/run/events.ts";
import { collect, writeDisc } from "../support/tiny-run.ts";

// `saliency`, `coarse` and `refine` in a row equal `segment`. The commands run from their flags, without a process for each.

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-steps-"));
const at = (...parts: string[]) => join(folder, ...parts);
const image = at("a.png");
beforeAll(() => writeDisc(image, 1));
afterAll(() => rmSync(folder, { recursive: true }));

/** The models of the pack as user models, without the pack's settings. */
const models = { clip: join("packs", "phantom", "clip"), sam: join("packs", "phantom", "sam") };

const positionals = [{ key: "inputs", label: "an image" }];

/** Runs a command with these flags. @returns its warnings, those of its settings first */
async function run<S>(
  schema: Parameters<typeof settingsOf>[0],
  runOf: (settings: S) => AsyncGenerator<RunEvent>,
  flags: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const { settings, warnings } = await settingsOf(schema, { flags, positionals });
  const events = await collect(runOf(settings as S));
  expect(events.at(-1)).toMatchObject({ type: "end", failed: 0 });
  return [...warnings, ...events.flatMap((event) => (event.type === "warning" ? [event.message] : []))];
}

const same = (one: string, other: string) =>
  expect(readFileSync(at(one)).equals(readFileSync(at(other))), `${one} and ${other}`).toBe(true);

describe.each(["a pack of this package", "named models"])("%s", (place) => {
  const isNamed = place === "named models";
  const [inputs, prompt] = [[image], ["a chest X-ray showing the heart"]];
  const clip = () => (isNamed ? { clip: models.clip, layer: "3", steps: "2", samples: "1" } : { pack: "phantom" });
  // The image is the same, so its embedding is kept.
  const sam = () => ({ ...(isNamed ? { sam: models.sam } : { pack: "phantom" }), cache: at("cache") });

  beforeAll(async () => {
    await run(SaliencyRunSettings, runSaliency, { inputs, prompt, ...clip(), out: at(place, "saliency") });
  });

  test.each(["default", ...Object.keys(coarseMethods)])("three steps equal segment: %s", async (method) => {
    const out = (step: string) => at(place, method, step);
    const chosen = method === "default" ? {} : { coarseMethod: method };
    const images = method === "crf" ? { images: inputs } : {};
    const said = await run(CoarseRunSettings, runCoarse, { inputs: [at(place, "saliency")], ...chosen, ...images, out: out("coarse") });
    await run(RefineRunSettings, runRefine, { inputs, coarse: out("coarse"), ...sam(), out: out("refine") });
    await run(SegmentSettings, runSegment, { inputs, prompt, ...clip(), ...sam(), ...chosen, out: out("segment") });
    same(join(place, method, "coarse", "coarse", "a.png"), join(place, method, "segment", "coarse", "a.png"));
    same(join(place, method, "refine", "masks", "a.png"), join(place, method, "segment", "masks", "a.png"));
    const told = said.find((message) => message.includes('was made with the pack "phantom"'));
    if (isNamed) expect(told).toBeUndefined();
    else {
      const ofPack = ["default", "threshold"].includes(method) ? "--threshold 0.75, --keep 2, --min-saliency 0.8" : "none";
      expect(told).toMatch(new RegExp(`saliency/run.json" .* so its settings apply here, too: .*${ofPack}$`));
    }
  });

  test("three steps equal segment where the map is spread by SAM's similarity", async () => {
    const out = (step: string) => at(place, "affinity", step);
    const spread = { ...sam(), samAffinity: true };
    await run(SaliencyRunSettings, runSaliency, { inputs, prompt, ...clip(), ...spread, out: out("saliency") });
    await run(CoarseRunSettings, runCoarse, { inputs: [out("saliency")], out: out("coarse") });
    await run(RefineRunSettings, runRefine, { inputs, coarse: out("coarse"), ...sam(), out: out("refine") });
    await run(SegmentSettings, runSegment, { inputs, prompt, ...clip(), ...spread, out: out("segment") });
    const made = join(place, "affinity");
    for (const [step, folder] of [
      ["saliency", "saliency"],
      ["coarse", "coarse"],
      ["refine", "masks"],
    ] as const)
      same(join(made, step, folder, "a.png"), join(made, "segment", folder, "a.png"));
    const { weights, images } = JSON.parse(readFileSync(at(made, "saliency", "run.json"), "utf8"));
    expect(Object.keys(weights)).toContain("sam");
    expect(Object.keys(images[0].ms)).toContain("affinity");
    const own = readFileSync(at(place, "saliency", "saliency", "a.png"));
    expect(readFileSync(at(made, "saliency", "saliency", "a.png")).equals(own)).toBe(false);
  });
});
