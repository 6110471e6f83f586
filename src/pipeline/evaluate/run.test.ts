import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { drawn } from "../../../test/support/pictures.ts";
import { lps } from "../../../test/support/placements.ts";
import { describeWith, sharedPath } from "../../../test/support/shared-data.ts";
import { ellipsoid } from "../../../test/support/stacks.ts";
import { collect } from "../../../test/support/tiny-run.ts";
import { ConfigError, InputError } from "../../errors.ts";
import { type GrayImage, type MaskStack, stackOf } from "../../image/index.ts";
import { writeNifti } from "../../results/nifti.ts";
import { writeGray, writeMask } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { withoutEffect } from "../../run/settings/effect.ts";
import type { Placement } from "../../scans/sources/image-source.ts";
import { runEvaluate } from "./run.ts";
import { EvaluateSettings } from "./settings.ts";

/** A mask file of 0 and the given level. */
const gray = (level: number, ...rows: string[]): GrayImage => {
  const { width, height, data } = drawn(...rows);
  return { width, height, data: data.map((value) => value * level) };
};

describe("folders", () => {
  let folder = "";
  const at = (...parts: string[]) => join(folder, ...parts);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "evaluate-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    await rm(at("truth"), { recursive: true, force: true });
    await rm(at("pred"), { recursive: true, force: true });
    for (const name of ["a", "b", "sub/c"]) {
      await writeMask(at("truth", `${name}.png`), drawn("##..", "##.."));
      await writeMask(at("pred", "masks", `${name}.png`), drawn("##..", "##.."));
    }
  });
  const run = (settings: object = {}) =>
    collect(runEvaluate(EvaluateSettings.parse({ pred: at("pred"), truth: at("truth"), ...settings })));
  const json = async () => JSON.parse(await readFile(at("scores.json"), "utf8"));
  const messages = (events: RunEvent[], type: RunEvent["type"]) =>
    events.filter((event) => event.type === type).map((event) => JSON.stringify(event));

  test("names are matched in sub-folders, in the folder that segment wrote and in its masks", async () => {
    for (const pred of [at("pred"), at("pred", "masks")]) {
      const events = await run({ pred, json: at("scores.json") });
      expect(events.at(-1)).toMatchObject({ type: "end", done: 3, failed: 0 });
      const { images, summary, settings } = await json();
      expect(images.map(({ name, dsc }: { name: string; dsc: number }) => [name, dsc])).toEqual([
        ["a", 1],
        ["b", 1],
        ["sub/c", 1],
      ]);
      expect(summary.dsc).toMatchObject({ mean: 1, std: 0, n: 3 });
      expect(settings).toMatchObject({ tolerance: 2, mode: "paper" });
    }
  });

  test("in a folder that no run has made the masks that lie in it come before those of masks/", async () => {
    for (const name of ["a", "b", "sub/c"]) await writeMask(at("pred", `${name}.png`), drawn("..##", "..##"));
    await run({ json: at("scores.json") });
    expect((await json()).summary.dsc).toMatchObject({ mean: 0, n: 3 });
  });

  test("a data set as the ground truth is refused, as its images are no masks", async () => {
    for (const name of ["images", "masks"]) await writeMask(at("truth", name, "a.png"), drawn("##..", "##.."));
    await expect(run()).rejects.toThrow(`holds images beside their masks. Give the folder of masks, such as "${at("truth", "masks")}"`);
  });

  test("a CSV and a JSON of one name are refused", async () => {
    await expect(run({ csv: at("scores"), json: at("sub", "..", "scores") })).rejects.toThrow("--csv and --json both name");
    await symlink(at("scores.csv"), at("link.csv"));
    await expect(run({ csv: at("link.csv"), json: at("scores.csv") })).rejects.toThrow(`link.csv" ("${at("scores.csv")}"), and one`);
  });

  test("a label that no ground truth has is an error, not agreement about nothing", async () => {
    for (const [folder, values] of Object.entries({ truth: [1, 2, 0, 0, 1, 2, 0, 0], pred: [0, 0, 1, 2, 0, 0, 1, 2] }))
      await writeGray(at(folder, "a.png"), { width: 4, height: 2, data: Uint8Array.from(values) });
    await rm(at("pred", "masks"), { recursive: true });
    await rm(at("truth", "sub"), { recursive: true });
    await rm(at("truth", "b.png"));
    await expect(run({ label: 7 })).rejects.toThrow("no ground truth mask has the label 7, so nothing can be compared");
  });

  test("if the ground truth has a masks folder, too, it is part of the names", async () => {
    await writeMask(at("truth", "masks", "a.png"), drawn("##..", "##.."));
    await run({ json: at("scores.json") });
    expect((await json()).images.find(({ name }: { name: string }) => name === "masks/a").dsc).toBe(1);
  });

  test("missing and surplus predictions are reported", async () => {
    await rm(at("pred", "masks", "b.png"));
    await writeMask(at("pred", "masks", "z.png"), drawn("#"));
    const events = await run({ json: at("scores.json") });
    expect(messages(events, "warning").join()).toMatch(/1 prediction in .* without ground truth: z/);
    expect(messages(events, "item")[1]).toContain("it counts as 0");
    expect((await json()).images[1]).toMatchObject({ name: "b", missing: true, dsc: 0 });
    expect(events.at(-1)).toMatchObject({ failed: 0 });
    expect((events.at(-1) as Extract<RunEvent, { type: "end" }>).lines?.at(-1)).toBe("1 image without a prediction, counted as 0: b");
  });

  test("unreadable files are failures and the run continues; a damaged prediction counts as missing", async () => {
    await writeFile(at("truth", "a.png"), "no picture");
    await writeFile(at("pred", "masks", "b.png"), "no picture");
    const events = await run({ json: at("scores.json") });
    expect(messages(events, "failure")).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ done: 1, failed: 2 });
    const { images } = await json();
    expect(images.map(({ name }: { name: string }) => name)).toEqual(["b", "sub/c"]);
    expect(images[0]).toMatchObject({ missing: true, dsc: 0 });
    expect(images[0].reason).toContain("is not a PNG");
  });

  test("a table has one row per image; names with commas and quotes are quoted", async () => {
    await writeMask(at("truth", 'x, "y".png'), drawn("##..", "##.."));
    await run({ csv: at("scores.csv") });
    const rows = (await readFile(at("scores.csv"), "utf8")).split("\n");
    expect(rows[0]).toBe("name,dsc,iou,nsd,surfaceNsd,hd95,assd,truthPx,predPx,missing,noDistance,hd95Penalised,assdPenalised");
    expect(rows[1]).toBe("a,1,1,1,1,0,0,4,4,false,,0,0");
    const diagonal = Math.hypot(4, 2);
    expect(rows[4]).toBe(`"x, ""y""",0,0,0,0,,,4,0,true,missing,${diagonal},${diagonal}`);
    expect(rows).toHaveLength(6);
    await run({ csv: at("scores.csv"), mode: "reference" });
    expect((await readFile(at("scores.csv"), "utf8")).split("\n")[1]).toBe("a,1,1,1,1,0,0,4,4,false,false,,0,0");
  });

  test("with spacing, distances are in millimetres", async () => {
    await writeGray(at("pred", "masks", "a.png"), gray(255, ".##.", ".##."));
    await run({ json: at("scores.json"), spacing: [0.5, 3], tolerance: 1 });
    expect((await json()).images[0].hd95).toBe(3);
  });

  test("an empty folder of ground truth or predictions is an error", async () => {
    await mkdir(at("empty"), { recursive: true });
    await expect(run({ truth: at("empty") })).rejects.toThrow(InputError);
    await expect(run({ pred: at("empty") })).rejects.toThrow(
      /--pred: ".*empty" contains no masks to compare with the 3 ground truth masks/,
    );
    await writeFile(at("empty", "a.avif"), "\0\0\0\x20ftypavif");
    await expect(run({ pred: at("empty") })).rejects.toThrow('1 image in an unsupported format ("a.avif")');
    await expect(run({ truth: at("empty") })).rejects.toThrow('1 image in an unsupported format ("a.avif")');
  });

  test("names that never match are a usage error, with an example of each side and the likely difference", async () => {
    await rm(at("truth"), { recursive: true });
    for (const name of ["a_gt", "b_gt", "sub/c_gt"]) await writeMask(at("truth", `${name}.png`), drawn("##..", "##.."));
    const error = await run().catch((error) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(
      /^no prediction has the name of a ground truth mask, so nothing can be compared. Names are paths .*: "a" in ".*masks", "a_gt" in ".*truth". It seems that the names of ground truth masks end with "_gt": rename one side.$/,
    );
  });

  test("if some names match, a warning names the likely difference of the others", async () => {
    for (const name of ["d", "e"]) {
      await writeMask(at("truth", `${name}.png`), drawn("##..", "##.."));
      await writeMask(at("pred", "masks", `${name}_pred.png`), drawn("##..", "##.."));
    }
    const warnings = messages(await run(), "warning").join();
    expect(warnings).toContain('2 ground truth masks without prediction: the names of predictions end with \\"_pred\\".');
  });

  test("names are joined in any Unicode form, and without folders if these differ; ambiguous names are rejected", async () => {
    await writeMask(at("truth", "caf\u00e9.png"), drawn("##..", "##.."));
    await writeMask(at("pred", "masks", "cafe\u0301.png"), drawn("##..", "##.."));
    await writeMask(at("pred", "masks", "other", "d.png"), drawn("##..", "##.."));
    await writeMask(at("truth", "d.png"), drawn("##..", "##.."));
    await run({ json: at("scores.json") });
    expect((await json()).images.map(({ dsc }: { dsc: number }) => dsc)).toEqual([1, 1, 1, 1, 1]);
    await writeMask(at("pred", "masks", "third", "d.png"), drawn("##..", "##.."));
    await expect(run()).rejects.toThrow(/the ground truth mask "d" matches 2 predictions: "other\/d", "third\/d"/);
  });

  test("images without a distance are counted by reason, and the penalised means are over all", async () => {
    await writeMask(at("truth", "none.png"), drawn("....", "...."));
    await writeMask(at("pred", "masks", "none.png"), drawn("....", "...."));
    await writeMask(at("pred", "masks", "a.png"), drawn("....", "...."));
    await rm(at("pred", "masks", "b.png"));
    const events = await run({ json: at("scores.json") });
    const { images, summary, withoutDistance } = await json();
    expect(withoutDistance).toEqual({ missing: 1, predictionEmpty: 1, truthEmpty: 0, bothEmpty: 1 });
    expect(images.map(({ noDistance }: { noDistance?: string }) => noDistance)).toEqual([
      "predictionEmpty",
      "missing",
      "bothEmpty",
      undefined,
    ]);
    expect(summary.hd95).toMatchObject({ mean: 0, n: 1 });
    expect(summary.hd95Penalised).toMatchObject({ mean: (2 * Math.hypot(4, 2)) / 4, n: 4 });
    const lines = (events.at(-1) as Extract<RunEvent, { type: "end" }>).lines!;
    expect(lines.some((line) => /^HD95, penalised \(px\) +2\.2361 .* 4$/.test(line))).toBe(true);
    expect(lines).toContain(
      "3 of 4 images have no distance and are left out of HD95 and ASSD: 1 prediction missing, 1 prediction empty, 1 both empty",
    );
  });

  test("label images are failures that list their values, unless a label is chosen; masks of 0 and 255 stay masks", async () => {
    await writeGray(at("truth", "a.png"), { width: 4, height: 2, data: Uint8Array.from([2, 2, 1, 0, 2, 2, 0, 0]) });
    const events = await run();
    expect(messages(events, "failure")).toEqual([expect.stringContaining("has 3 values (0, 1, 2)")]);
    await run({ label: 2, json: at("scores.json") });
    expect((await json()).images[0]).toMatchObject({ name: "a", dsc: 1 });
    expect((await json()).images[0].warnings).toEqual(["prediction: a mask of 0 and 255: the label is ignored"]);
    expect(withoutEffect(EvaluateSettings, { mode: "reference", label: 2 }, ["label"])).toEqual([
      "--label has no effect with --mode reference; it is for --mode paper",
    ]);
  });

  test("reference mode keeps its threshold, and warns if it empties a mask", async () => {
    await writeGray(at("truth", "a.png"), gray(1, "##..", "##.."));
    await run({ json: at("scores.json"), mode: "reference" });
    expect((await json()).images[0]).toMatchObject({
      truthPx: 0,
      warnings: ["truth: empty in reference mode, where levels above 200 are foreground: its largest value is 1"],
    });
  });
});

describe("volumes", () => {
  let folder = "";
  const at = (...parts: string[]) => join(folder, ...parts);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "evaluate-volumes-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    await rm(at("truth"), { recursive: true, force: true });
    await rm(at("pred"), { recursive: true, force: true });
  });
  const ball = (slice: number) => ellipsoid({ slices: 8, rows: 12, columns: 10 }, [slice, 6, 5], [2.5, 4, 3]);
  const volume = async (file: string, stack: MaskStack, placement: Placement = lps) =>
    await writeNifti(file, { shape: [stack.columns, stack.rows, stack.slices], data: stack.data, placement, isLabels: true });
  const run = (settings: object = {}) =>
    collect(runEvaluate(EvaluateSettings.parse({ pred: at("pred"), truth: at("truth"), json: at("scores.json"), ...settings })));
  const scores = async () => JSON.parse(await readFile(at("scores.json"), "utf8"));
  const ofType = (events: RunEvent[], type: RunEvent["type"]) => events.filter((event) => event.type === type);

  test("NIfTI files are compared in 3D, in millimetres of their headers", async () => {
    await volume(at("truth", "a.nii.gz"), ball(3));
    await volume(at("pred", "a.nii"), ball(4));
    const events = await run({ csv: at("scores.csv") });
    const { images } = await scores();
    // Shifted by one slice of 2 mm.
    expect(images[0]).toMatchObject({
      name: "a",
      volume: true,
      spacing: [2, 0.75, 0.5],
      hd95: 2,
      surfaceNsd: 1,
      missing: false,
      warnings: [],
    });
    expect(images[0].truthMm3).toBe(images[0].truthPx * 0.75);
    const shared = ball(3).data.reduce((sum, value, i) => sum + value * ball(4).data[i]!, 0);
    expect(images[0].dsc).toBe((2 * shared) / (images[0].truthPx + images[0].predPx));
    expect((events.at(-1) as Extract<RunEvent, { type: "end" }>).lines!.join("\n")).toContain("HD95 (mm)");
    expect((await readFile(at("scores.csv"), "utf8")).split("\n")[0]).toMatch(/,hd95Penalised,assdPenalised,truthMm3,predMm3$/);
  });

  test("another grid is a failure of that pair alone, and counts as missing; --spacing is for pictures", async () => {
    const [right, anterior, superior] = lps.affine;
    for (const name of ["a", "b"]) await volume(at("truth", `${name}.nii`), ball(3));
    await volume(at("pred", "a.nii"), ball(3), { ...lps, affine: [right, anterior, [superior[0], superior[1], superior[2], 5]] });
    await volume(at("pred", "b.nii"), ball(3));
    const events = await run({ spacing: [1, 1] });
    expect(ofType(events, "failure")).toMatchObject([{ name: "a", message: expect.stringContaining("lies on another grid") }]);
    const { images } = await scores();
    expect(images).toMatchObject([
      { name: "a", dsc: 0, missing: true, volume: true, predMm3: 0 },
      { name: "b", dsc: 1, spacing: [2, 0.75, 0.5], warnings: ["--spacing is for pictures: the spacing of the file was taken"] },
    ]);
  });

  test("a file of one slice is a picture with the spacing of its header", async () => {
    const square = stackOf([drawn("##..", "##..")]);
    await volume(at("truth", "a.nii"), square);
    await volume(at("pred", "a.nii"), stackOf([drawn(".##.", ".##.")]));
    await run();
    const [image] = (await scores()).images;
    expect(image).toMatchObject({ spacing: [0.75, 0.5], hd95: 0.5 });
    expect(image).not.toHaveProperty("volume");
  });

  test("a volume and a picture of one name are not compared, nor NIfTI files in reference mode", async () => {
    await volume(at("truth", "a.nii"), ball(3));
    await writeMask(at("pred", "a.png"), drawn("##"));
    expect(ofType(await run(), "failure")).toMatchObject([{ message: expect.stringContaining("Compare files of one kind") }]);
    expect(ofType(await run({ mode: "reference" }), "failure")).toMatchObject([
      { message: expect.stringContaining("reference mode compares pictures") },
    ]);
  });

  test("two files that are named are compared whatever their names", async () => {
    await volume(at("truth", "left.nii"), ball(3));
    await volume(at("pred", "segmentation.nii"), ball(3));
    await run({ truth: at("truth", "left.nii"), pred: at("pred", "segmentation.nii") });
    expect((await scores()).images).toMatchObject([{ name: "left", dsc: 1 }]);
  });
});

describeWith(["faults/hd95-forgets-the-misses", "faults/nothing-was-compared"], "known faults", () => {
  const runFault = (name: string) =>
    collect(runEvaluate(EvaluateSettings.parse({ pred: sharedPath(name, "pred"), truth: sharedPath(name, "truth") })));

  test("missed structures are reported beside the distances", async () => {
    const { lines } = (await runFault("faults/hd95-forgets-the-misses")).at(-1) as Extract<RunEvent, { type: "end" }>;
    expect(lines!.join("\n")).toContain("5 of 10 images have no distance and are left out of HD95 and ASSD: 5 prediction empty");
  });

  test("the suffix of names that do not match is reported", async () => {
    await expect(runFault("faults/nothing-was-compared")).rejects.toThrow('the names of ground truth masks end with "_mask"');
  });
});
