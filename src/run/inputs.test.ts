import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leftOutRecord } from "../scans/left-out.ts";
import { findInputs } from "./inputs.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-inputs-"));
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(() => {
  mkdirSync(at("scans", "old", "masks"), { recursive: true });
  writeFileSync(at("scans", "a.png"), "");
  writeFileSync(at("scans", "slice.avif"), "\0\0\0\x20ftypavif");
  symlinkSync("nothing", at("scans", "link.png"));
  writeFileSync(at("scans", "old", "run.json"), JSON.stringify({ command: "segment", images: [] }));
  writeFileSync(at("scans", "old", "masks", "a.png"), "");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("skipped files give one warning and are recorded", async () => {
  const { inputs, warnings, leftOut } = await findInputs([at("scans")], at("out"));
  expect(inputs.map(({ name }) => name)).toEqual(["a"]);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^skipped in the input folders: 1 broken link \("link.png"\); 1 folder with results of an earlier run \("masks"\); 1 image in an unsupported format/,
    ),
  ]);
  expect(leftOutRecord(leftOut)).toEqual({
    counts: { link: 1, results: 1, unread: 1 },
    files: [
      { file: at("scans", "link.png"), reason: "link" },
      { file: at("scans", "old", "masks"), reason: "results" },
      { file: at("scans", "slice.avif"), reason: "unread" },
    ],
  });
  expect(await findInputs([at("scans", "a.png")], at("out"))).toMatchObject({ leftOut: [], warnings: [] });
});

test("a mask beside its image is no input, and is counted", async () => {
  mkdirSync(at("pairs"));
  for (const name of ["x.png", "x_mask.png"]) writeFileSync(at("pairs", name), "");
  const { inputs, warnings } = await findInputs([at("pairs")], at("out"));
  expect(inputs.map(({ name }) => name)).toEqual(["x"]);
  expect(warnings).toEqual([expect.stringMatching(/^skipped in the input folders: 1 mask of an image beside it \("x_mask\.png"\)\./)]);
  expect((await findInputs([at("pairs")], at("out"), { withMasks: true })).inputs).toHaveLength(2);
});

test("a folder without images is an input error that says what it holds", async () => {
  await expect(findInputs([at("scans", "old")], at("out"))).rejects.toThrow(
    /no images in ".*old".*1 folder with results of an earlier run/,
  );
});

test("results may be written beside the images, or into the folder above them, and are not inputs of the next run", async () => {
  for (const out of [at("scans"), folder]) expect((await findInputs([at("scans")], out)).inputs.map(({ name }) => name)).toEqual(["a"]);
});
