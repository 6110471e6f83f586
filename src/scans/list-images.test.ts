import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError, InputError } from "../errors.ts";
import { listImages, pathWithoutEnding } from "./list-images.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "list-"));
});
afterEach(() => rm(root, { recursive: true }));

const touch = async (...names: string[]) => {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), "");
  }
};
/** What was left out, relative to the root. */
const leftOut = async (...paths: string[]) =>
  (await listImages(paths)).leftOut.map(({ file, reason }) => `${file.slice(root.length + 1)}: ${reason}`);
const names = async (...paths: string[]) => (await listImages(paths)).inputs.map(({ name }) => name);

test("a folder is walked with its sub-folders, sorted by name, and keeps them in the name", async () => {
  await touch("in/b.png", "in/a.jpg", "in/z/y/deep.TIFF", "in/z/a.webp", "in/c.v2.JPEG", "in/d.bmp", "in/e.tif");
  const { inputs, leftOut } = await listImages([join(root, "in")]);
  expect(inputs.map(({ name }) => name)).toEqual(["a", "b", "c.v2", "d", "e", "z/a", "z/y/deep"]);
  expect(inputs[6]).toEqual({ file: join(root, "in", "z", "y", "deep.TIFF"), name: "z/y/deep", path: "z/y/deep.TIFF" });
  expect(leftOut).toEqual([]);
});

test("what is no image is left out with its reason, by the first bytes; the litter of systems is passed over in silence", async () => {
  await touch("in/.hidden.png", "in/._a.png", "in/.DS_Store", "in/Thumbs.db", "in/.git/a.png", "in/a.png", "in/empty");
  const bytes = {
    IMG1: "\x89PNG\r\n\x1a\n",
    "b.avif": "\0\0\0\x20ftypavif",
    "c.dat": "GIF89a",
    SLICE1: `${"\0".repeat(128)}DICM`,
    "1.2.840.3": `II*\0${"\0".repeat(124)}DICM`, // readable as TIFF, too
    "v.img": "BM",
    "v.hdr": "\0",
  };
  for (const [name, head] of Object.entries({ ...bytes, "notes.txt": "text", "w.jpgx": "RIFF\0\0\0\0WEBP" }))
    await writeFile(join(root, "in", name), head, "latin1");
  await writeFile(join(root, "in", "scan"), gzipSync(`${"\0".repeat(344)}n+1\0`));
  await writeFile(join(root, "in", "table.csv.gz"), gzipSync("a,b"));
  expect(await names(join(root, "in"))).toEqual(["1.2.840.3", "SLICE1", "a", "v"]); // DICOM files often have no ending
  expect(await leftOut(join(root, "in"))).toEqual([
    "in/.git: hidden",
    "in/.hidden.png: hidden",
    "in/IMG1: unnamed",
    "in/b.avif: unread",
    "in/c.dat: unnamed",
    "in/empty: empty",
    "in/notes.txt: other",
    "in/scan: unnamed",
    "in/table.csv.gz: other",
    "in/v.img: voxels",
    "in/w.jpgx: unnamed",
  ]);
});

test("results of runs are known by the record beside them, not by the names of their folders", async () => {
  await touch(
    "in/a.png",
    "in/masks/m.png",
    "in/old/masks/m.png",
    "in/old/overlay/x/m.png",
    "in/old/masks_heart/m.png",
    "in/old/probabilities/x/m.png",
    "in/old/slices/x/m.png",
    "in/old/secondary-capture/x/m.dcm",
    "in/old/nifti/m.nii.gz",
    "in/old/more/b.png",
  );
  await writeFile(join(root, "in/run.json"), "somebody else's");
  await writeFile(join(root, "in/old/run.json"), JSON.stringify({ command: "segment", images: [] }));
  expect(await names(join(root, "in"))).toEqual(["a", "masks/m", "old/more/b"]);
  expect(await leftOut(join(root, "in"))).toEqual([
    "in/old/masks: results",
    "in/old/masks_heart: results",
    "in/old/nifti: results",
    "in/old/overlay: results",
    "in/old/probabilities: results",
    "in/old/secondary-capture: results",
    "in/old/slices: results",
    "in/run.json: other",
  ]);
  // A run that was killed may have left its journal alone.
  await rename(join(root, "in/old/run.json"), join(root, "in/old/run.journal.jsonl"));
  expect(await names(join(root, "in"))).toContain("old/masks/m");
  await writeFile(join(root, "in/old/run.journal.jsonl"), '{"journal":1,"of":"0123"}\n{"image":');
  expect(await names(join(root, "in"))).toEqual(["a", "masks/m", "old/more/b"]);
  expect(await leftOut(join(root, "in"))).not.toContain("in/old/run.journal.jsonl: other");
  // A folder that is named is taken, and the output folder of the run is one before it has a record.
  expect(await names(join(root, "in/old/masks"))).toEqual(["m"]);
  const { inputs } = await listImages([join(root, "in")], { out: join(root, "in") });
  expect(inputs.map(({ name }) => name)).toEqual(["a", "old/more/b"]);
});

test("the masks beside the images of a data set are left out, but taken if their folder is given", async () => {
  await touch("ours/images/a.png", "ours/masks/a.png", "ours/masks_lung/a.png", "ours/more/b.png");
  await touch("paper/train_images/c.png", "paper/train_masks/c.png", "paper/test_masks/d.png");
  await touch("nn/imagesTr/e_0000.png", "nn/labelsTr/e.png", "nn/labelsTs/f.png");
  await touch("alone/masks/g.png");
  expect(await names(root)).toEqual([
    "alone/masks/g",
    "nn/imagesTr/e_0000",
    "nn/labelsTs/f",
    "ours/images/a",
    "ours/more/b",
    "paper/test_masks/d",
    "paper/train_images/c",
  ]);
  expect(await leftOut(root)).toEqual(["nn/labelsTr: masks", "ours/masks: masks", "ours/masks_lung: masks", "paper/train_masks: masks"]);
  expect(await names(join(root, "ours/masks_lung"))).toEqual(["a"]);
});

test("a mask beside its image is left out where images are wanted, unless it is given itself", async () => {
  await touch(
    "in/a.png",
    "in/a_mask.png",
    "in/a-Seg_1.tif",
    "in/b_mask.png",
    "in/sub/a_mask.png",
    "in/c.JPG",
    "in/c_labels2.png",
    "in/d_mask.png",
  );
  await touch("in/d_mask_mask.png", "in/e.png", "in/emask.png");
  const found = await listImages([join(root, "in")], { withMasks: false });
  expect(found.inputs.map(({ name }) => name)).toEqual(["a", "b_mask", "c", "d_mask", "e", "emask", "sub/a_mask"]);
  expect(found.leftOut.map(({ file, reason }) => `${file.slice(root.length + 1)}: ${reason}`)).toEqual([
    "in/a-Seg_1.tif: mask",
    "in/a_mask.png: mask",
    "in/c_labels2.png: mask",
    "in/d_mask_mask.png: mask",
  ]);
  expect(await names(join(root, "in"))).toContain("a_mask");
  const given = await listImages([join(root, "in/a.png"), join(root, "in/a_mask.png")], { withMasks: false });
  expect(given.inputs.map(({ name }) => name)).toEqual(["a", "a_mask"]);
});

test("a pattern that the shell did not expand stands for the files that fit", async () => {
  await touch("in/a.png", "in/b1.png", "in/b(2).png", "in/c.jpg", "in/.h.png", "in/q?.png", "in/qx.png");
  expect(await names(join(root, "in", "*.png"))).toEqual(["a", "b(2)", "b1", "q?", "qx"]);
  expect(await names(join(root, "in", "b?*.png"))).toEqual(["b(2)", "b1"]);
  expect(await names(join(root, "in", "q?.png"))).toEqual(["q?"]); // a file of that very name
  expect(await names(join(root, "in", "[a-b]*.png"))).toEqual(["a", "b(2)", "b1"]);
  expect(await names(join(root, "in", "[!a^]1.*"))).toEqual(["b1"]);
  await expect(listImages([join(root, "in", "[z-a].png")])).rejects.toThrow('"[z-a].png" does not exist, and is not a valid pattern');
  await expect(listImages([join(root, "in", "*.tif")])).rejects.toThrow(/\*\.tif" does not exist, and as a pattern it matches no file in/);
});

test("a file that is given is taken whatever its ending, and paths keep their order", async () => {
  await touch("z.scan", ".h.png", "in/a.png", "b.png");
  expect(await names(join(root, "z.scan"), join(root, ".h.png"), join(root, "in"), join(root, "b.png"))).toEqual(["z", ".h", "a", "b"]);
});

test("the two endings of a compressed NIfTI file are no part of its name", async () => {
  await touch("in/a.nii.gz", "in/b.v2.nii", "in/C.NII.GZ", "d.nii.gz", "e.tar.gz");
  expect(await names(join(root, "in"), join(root, "d.nii.gz"), join(root, "e.tar.gz"))).toEqual(["C", "a", "b.v2", "d", "e.tar"]);
  const [input] = (await listImages([join(root, "in")])).inputs;
  expect(pathWithoutEnding(input!)).toBe("C");
});

test("the order is that of code points, not of 16-bit units", async () => {
  await touch("in/\u{1F600}.png", "in/\uFB01.png", "in/B.png", "in/a.png", "in/a1.png", "in/a/x.png");
  expect(await names(join(root, "in"))).toEqual(["B", "a", "a/x", "a1", "\uFB01", "\u{1F600}"]);
});

test("a missing path is an input error that names it", async () => {
  await expect(listImages([join(root, "nowhere")])).rejects.toThrow(InputError);
  await expect(listImages([join(root, "nowhere")])).rejects.toThrow(/nowhere" does not exist/);
  await expect(listImages([""])).rejects.toThrow('"" does not exist');
  await touch("file.png");
  await expect(listImages([join(root, "file.png", "x")])).rejects.toThrow("cannot be read");
});

test("two inputs with one name are a config error that names both files", async () => {
  await touch("in/a.png", "in/a.jpg", "other/a.png");
  const { png, jpg, other } = { png: join(root, "in/a.png"), jpg: join(root, "in/a.jpg"), other: join(root, "other/a.png") };
  await expect(listImages([join(root, "in")])).rejects.toThrow(ConfigError);
  for (const [paths, first, second] of [
    [[jpg, png], jpg, png],
    [[png, other], png, other],
  ] as const) {
    await expect(listImages(paths)).rejects.toThrow(`"${first}" and "${second}" have the same name "a"`);
  }
  await expect(listImages([png, png])).rejects.toThrow(`"${png}" is given twice`);
});

test("names that only some file systems tell apart are a config error that says so", async () => {
  await touch("in/A.png", "in/a.png", "nfc/e\u0301.png", "nfc/\u00e9.png");
  await expect(listImages([join(root, "in")])).rejects.toThrow('names that are the same on macOS and Windows, "A" and "a"');
  await expect(listImages([join(root, "nfc")])).rejects.toThrow("so their results would overwrite each other");
});

test("the same file name in two sub-folders is no conflict", async () => {
  await touch("in/1/a.png", "in/2/a.png");
  expect(await names(join(root, "in"))).toEqual(["1/a", "2/a"]);
});

test("links are followed, but loops and second ways to a folder are not", async () => {
  await touch("in/b/x.png", "outside/y.png");
  await symlink(root, join(root, "in", "b", "loop"));
  await symlink("..", join(root, "in", "b", "up"));
  await symlink("b", join(root, "in", "a-link-to-b"));
  await symlink(join(root, "outside", "y.png"), join(root, "in", "y.png"));
  await symlink("nothing", join(root, "in", "broken.png"));
  expect(await names(join(root, "in"))).toEqual(["b/loop/outside/y", "b/x", "y"]);
  expect(await leftOut(join(root, "in"))).toEqual(["in/a-link-to-b: loop", "in/b/loop/in: loop", "in/b/up: loop", "in/broken.png: link"]);
});

test("a device under the name of an image is left out", async () => {
  await touch("in/a.png");
  await symlink("/dev/null", join(root, "in", "device.png"));
  expect(await names(join(root, "in"))).toEqual(["a"]);
  expect(await leftOut(join(root, "in"))).toEqual(["in/device.png: special"]);
});

test("an empty folder, or none, gives nothing", async () => {
  expect(await listImages([root])).toEqual({ inputs: [], leftOut: [] });
  expect(await listImages([])).toEqual({ inputs: [], leftOut: [] });
});
