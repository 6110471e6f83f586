import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runRefine } from "../../src/pipeline/zero-shot/refine.ts";
import { RefineRunSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { writeGray, writeMask } from "../../src/results/png.ts";
import { drawn } from "../support/pictures.ts";
import { collect, nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-names-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);

let sam = "";
/** Empty masks: SAM does not run, so that the test is fast. */
const nothing = drawn("....", "....");
const long = "x".repeat(246);
beforeAll(async () => {
  ({ sam } = await nanoModels());
  for (const name of ["1/se\u0301rie.png", "2/b.PNG", `${long}.png`]) {
    await writeDisc(at("scans", name), 1, 4, 2);
    writeFileSync(at("scans", dirname(name), "notes.txt"), "not an image");
  }
  for (const name of ["1/s\u00e9rie.png", "b.png", `${long}.png`, "other.png"]) await writeMask(at("coarse", name), nothing);
});
const refine = (settings: object = {}) =>
  collect(runRefine(RefineRunSettings.parse({ sam, inputs: [at("scans")], coarse: at("coarse"), out: at("out"), ...settings })));

test("images and coarse masks are matched by path, then by bare name, in any Unicode form; unmatched ones are reported", async () => {
  const leftover = at("out", "masks", "1", ".a.png.0.0.tmp");
  mkdirSync(dirname(leftover), { recursive: true });
  writeFileSync(leftover, "half");
  const events = await refine();
  expect(events.at(-1)).toMatchObject({ type: "end", done: 3, failed: 0 });
  expect(events.flatMap((event) => (event.type === "warning" ? [event.message] : []))).toEqual([
    expect.stringMatching(/^skipped in the input folders: 3 files that are not images \("notes.txt"/),
    expect.stringMatching(/^--coarse: 1 coarse mask without an image of that name: ".*other" \(the closest is/),
  ]);
  const { leftOut } = JSON.parse(readFileSync(at("out", "run.json"), "utf8"));
  expect(leftOut.counts).toEqual({ other: 3 });
  expect(readdirSync(at("out", "masks"), { recursive: true }).sort()).toEqual(["1", "1/se\u0301rie.png", "2", "2/b.png", `${long}.png`]);
});

test("results of a run are not inputs of the next one", async () => {
  const events = await refine({ inputs: [at("scans"), at("out")], dryRun: true }).catch((error: Error) => error.message);
  expect(JSON.stringify(events)).toContain("folders with results of an earlier run");
});

test("a coarse mask that matches two images, and a name too long for its raw file, are refused before the run starts", async () => {
  await writeGray(at("twice", "a.png"), { width: 1, height: 1, data: new Uint8Array(1) });
  for (const name of ["1/a.png", "2/a.png"]) await writeDisc(at("doubled", name), 1, 4, 2);
  await expect(refine({ inputs: [at("doubled")], coarse: at("twice"), out: at("none") })).rejects.toThrow(
    'the coarse mask "a" matches 2 images: "1/a", "2/a"',
  );
  await expect(refine({ raw: true, out: at("none") })).rejects.toThrow(
    /with "\.safetensors", would have 258 bytes; file systems allow 255/,
  );
  expect(readdirSync(folder)).not.toContain("none");
});
