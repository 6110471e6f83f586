import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { settingsOf } from "../../src/cli/given-settings.ts";
import { verifyModel } from "../../src/cli/models.ts";
import { loadPairs } from "../../src/data/index.ts";
import { initModel } from "../../src/hub/init.ts";
import { runEmbed } from "../../src/pipeline/embed/run.ts";
import { EmbedSettings } from "../../src/pipeline/embed/settings.ts";
import { RetrieveSettings } from "../../src/pipeline/retrieve/settings.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import { SegmentSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { textPrompts } from "../../src/pipeline/zero-shot/targets/text-prompts.ts";
import { findInputs } from "../../src/run/inputs.ts";
import { describeWith, sharedPath } from "../support/shared-data.ts";
import { collect, warningsOf } from "../support/tiny-run.ts";

// Regression tests with input files that once gave wrong results. Faults that need no file are tested beside the code.

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-faults-"));
afterAll(() => rmSync(folder, { recursive: true }));
const positionals = [{ key: "inputs", label: "an image" }];

/** A fault's folder. @param body - takes what gives a path in it */
const describeFault = (name: string, body: (at: (...parts: string[]) => string) => void) =>
  describeWith([`faults/${name}`], name, () => body((...parts) => sharedPath("faults", name, ...parts)));

/** `segment` as on the command line, with the included pack. */
async function segment(flags: Readonly<Record<string, unknown>>) {
  const { settings, warnings } = await settingsOf(SegmentSettings, { flags: { out: join(folder, "out"), ...flags }, positionals });
  const events = await collect(runSegment(settings as SegmentSettings));
  return { events, warnings: [...warnings, ...warningsOf(events)] };
}

describeFault("empty-words", (at) => {
  test("a prompt without words and an empty --out are refused; a prompt of unknown words gives an empty mask and a reason", async () => {
    const inputs = [at("a.png")];
    await expect(segment({ inputs, prompt: ["   "] })).rejects.toThrow("--prompt: a text prompt needs words");
    await expect(segment({ inputs, prompt: ["the heart"], out: "" })).rejects.toThrow("--out is missing");
    const { events } = await segment({ inputs, prompt: ["🫁 肺"], overwrite: true });
    expect(events.find(({ type }) => type === "item")).toMatchObject({ summary: "0 px" });
    const said = warningsOf(events);
    expect(said).toContainEqual(expect.stringContaining("no content word of the text prompt"));
    expect(said).toContainEqual(expect.stringContaining(`not in the model's vocabulary, so read as [UNK]: "🫁", "肺"`));
  });
});

describeFault("folder-files-silently-left-out", (at) => {
  test("unused files are counted, and listed in the record", async () => {
    const { inputs, leftOut, warnings } = await findInputs([at("scans")], folder);
    // GIF, DICOM and NIfTI files are read: one that is damaged, or a volume, is an image of its own that fails by name.
    expect(inputs.map(({ name }) => name)).toEqual(expect.arrayContaining(["a", "b", "slice", "vol"]));
    expect(leftOut.map(({ file }) => file)).toContain(at("scans", "IMG0001"));
    expect(warnings[0]).toContain('"IMG0001"');
  });
});

describeFault("json-with-bom", (at) => {
  test("prompts and a model's configuration may begin with a byte-order mark", async () => {
    const { inputs } = await findInputs([at("a.png")], folder);
    expect((await textPrompts({ prompts: at("prompts.json") }, inputs)).of(inputs[0]!)).toHaveLength(1);
    expect(await verifyModel(at("clip"))).toMatchObject({ isSound: true });
  });
});

describeFault("sam-folder-with-another-name", (at) => {
  test("a single weights file is used whatever its name", async () => {
    const { isSound, lines } = await verifyModel(at("sam"));
    expect([isSound, lines[0]]).toEqual([true, expect.stringMatching(/medsam_vit_b.pth" is a SAM model/)]);
  });
});

describeFault("weights-in-shards", (at) => {
  test.each(["sharded", "sharded/model.safetensors.index.json"])("%s opens as one model", async (path) => {
    const { isSound, lines } = await verifyModel(at(path));
    expect([isSound, lines[0]]).toEqual([true, expect.stringContaining("in 2 shards")]);
  });
});

describeFault("separator-backslash-t", (at) => {
  const pairs = async (separator?: string) => {
    const flags = { pairs: [at("pairs.tsv")], imageColumn: "filepath", captionColumn: "title", separator };
    const { settings } = await settingsOf(RetrieveSettings, { flags });
    return await loadPairs([at("pairs.tsv")], settings);
  };

  test("a tab may be written as two characters, and the message suggests it if it is missing", async () => {
    for (const separator of ["\\t", "tab", "\t"]) expect((await pairs(separator)).pairs).toHaveLength(4);
    await expect(pairs()).rejects.toThrow("With --separator tab would find it.");
  });
});

describeFault("settings-without-effect", (at) => {
  test("settings without effect are named, and a missing layer is refused", async () => {
    const flags = { inputs: [at("a.png")], prompt: ["the heart"], out: join(folder, "settings"), pack: "phantom", dryRun: true };
    const without = (name: string) => expect.stringContaining(`${name} has no effect with --saliency-method patch-text`);
    const { warnings } = await segment({ ...flags, layer: "2", beta: "100", samples: "50" });
    expect(warnings).toEqual(expect.arrayContaining([without("--layer"), without("--beta"), without("--samples")]));
    await expect(segment({ ...flags, layer: "99" })).rejects.toThrow("layer 99 does not exist");
    expect((await segment({ ...flags, coarseMethod: "otsu", threshold: "0.9" })).warnings).toContainEqual(
      expect.stringContaining("--threshold has no effect with --coarse-method otsu"),
    );
  });
});

describeFault("vocabulary-of-another-model", (at) => {
  test("a vocabulary with far fewer words than the model is refused", async () => {
    const clip = join(folder, "clip");
    await initModel("biomedclip-tiny", clip, { seed: 1 });
    copyFileSync(at("vocab.txt"), join(clip, "vocab.txt"));
    const settings = EmbedSettings.parse({ text: ["a chest showing the heart"], clip, out: join(folder, "features.safetensors") });
    await expect(collect(runEmbed(settings))).rejects.toThrow(
      /has 14 words, the word embedding 30522 rows. They belong to different models/,
    );
  });
});
