import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listMaskTargets } from "./mask-targets.ts";

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
/** Files without content: only names are looked at. */
function write(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), "");
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "medclip-sam-targets-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("each structure's folder is a group; masks/ beside them is left alone, and coarse masks are found by structure and name", async () => {
  write("images/a.jpg", "images/b.png", "images/c.png", "masks/a.png", "masks_heart/a.png", "masks_heart/b.png", "masks_lung/b.png");
  write("coarse/heart/b.png", "coarse/a.png");
  const { targets, unmatched } = await listMaskTargets(folder, { coarse: at("coarse") });
  expect(targets).toEqual([
    { key: "heart/a", image: at("images/a.jpg"), mask: at("masks_heart/a.png"), group: "heart", case: "a" },
    {
      key: "heart/b",
      image: at("images/b.png"),
      mask: at("masks_heart/b.png"),
      coarse: at("coarse/heart/b.png"),
      group: "heart",
      case: "b",
    },
    { key: "lung/b", image: at("images/b.png"), mask: at("masks_lung/b.png"), group: "lung", case: "b" },
  ]);
  expect(unmatched).toEqual([at("images/c.png")]);
});

test("a single folder of masks, or those of a split, make one group", async () => {
  write("images/a.png", "masks/a.png", "coarse/a.png", "test_images/x.png", "test_masks/x.tif");
  expect((await listMaskTargets(folder, { coarse: at("coarse") })).targets).toMatchObject([{ group: "mask", coarse: at("coarse/a.png") }]);
  rmSync(at("images"), { recursive: true });
  expect((await listMaskTargets(folder, { split: "test" })).targets).toMatchObject([{ mask: at("test_masks/x.tif") }]);
  await expect(listMaskTargets(folder)).rejects.toThrow(/nor train_images\/ with train_masks\/; it has coarse, masks, test_images/);
});

test("a table names files relative to itself, groups and patients", async () => {
  write("t/x");
  writeFileSync(
    at("t/table.csv"),
    "image,mask,coarse,group,patient\na.png,m/a.png,c/a.png,lesion,7\na.png,m/b.png,,gland,7\nb.png,,,gland,8\n",
  );
  const { targets, unmatched } = await listMaskTargets(at("t/table.csv"), { groupColumn: "patient" });
  expect(targets).toEqual([
    { key: "row 2", image: at("t/a.png"), mask: at("t/m/a.png"), coarse: at("t/c/a.png"), group: "lesion", case: "7" },
    { key: "row 3", image: at("t/a.png"), mask: at("t/m/b.png"), group: "gland", case: "7" },
  ]);
  expect(unmatched).toEqual(["row 4 (b.png)"]);
  await expect(listMaskTargets(at("t/table.csv"), { groupColumn: "case" })).rejects.toThrow('has no column "case"');
  await expect(listMaskTargets(at("t/table.csv"), { coarse: at("t") })).rejects.toThrow("--coarse is for folders");
});

test("images and masks are matched by path, then by bare name, in any Unicode form; the rest is reported", async () => {
  write("images/1/a.png", "images/2/a.png", "images/2/e\u0301.png", "images/x.dat", "masks/1/a.tif", "masks/\u00e9.png", "masks/hart.png");
  const { targets, unmatched, unmatchedMasks, leftOut } = await listMaskTargets(folder);
  expect(targets.map(({ image, mask }) => [image, mask])).toEqual([
    [at("images/1/a.png"), at("masks/1/a.tif")],
    [at("images/2/e\u0301.png"), at("masks/\u00e9.png")],
  ]);
  expect(unmatched).toEqual([at("images/2/a.png")]);
  expect(unmatchedMasks).toEqual([at("masks/hart.png")]);
  expect(leftOut).toEqual([{ file: at("images/x.dat"), reason: "empty" }]);
  write("masks/a.png");
  await expect(listMaskTargets(folder)).rejects.toThrow('the mask "a" matches 2 images: "1/a", "2/a"');
});

test("a table may be written on another system than its files: other slashes, another Unicode form", async () => {
  write("t/m/e\u0301.png", "t/\u00e9.png");
  writeFileSync(at("t/table.csv"), "image,mask\ne\u0301.png,m\\\u00e9.png\n");
  expect((await listMaskTargets(at("t/table.csv"))).targets).toMatchObject([{ image: at("t/\u00e9.png"), mask: at("t/m/e\u0301.png") }]);
});

test("a folder without any match is an error with an example", async () => {
  write("images/a.png", "masks/b.png");
  await expect(listMaskTargets(folder)).rejects.toThrow(/no image has a mask with its name; the first image without a mask is ".*a\.png"/);
});

test("names are matched by the rule of names, and masks without an image are reported", async () => {
  write("images/sub/a.png", "images/e\u0301.png", "masks/a.png", "masks/\u00e9.png", "masks/alone.png", "coarse/lost.png");
  const { targets, unmatched, unmatchedMasks } = await listMaskTargets(folder, { coarse: at("coarse") });
  expect(targets.map(({ mask }) => mask).sort()).toEqual([at("masks/a.png"), at("masks/\u00e9.png")].sort());
  expect(unmatched).toEqual([]);
  expect(unmatchedMasks).toEqual([at("masks/alone.png"), at("coarse/lost.png")]);
});

test("rows of one image are one case, however it is written; an empty case is none", async () => {
  writeFileSync(at("t.csv"), "image,mask,case\n./a.png,1.png,NA\na.png,2.png,\nb.png,3.png, P \n");
  const { targets } = await listMaskTargets(at("t.csv"), { groupColumn: "case" });
  expect(targets.map((target) => target.case)).toEqual(["a.png", "a.png", "P"]);
});
