import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError, InputError } from "../errors.ts";
import { listImages } from "./list-images.ts";

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
const names = async (...paths: string[]) => (await listImages(paths)).inputs.map(({ name }) => name);

test("a folder is walked with its sub-folders, sorted by name, and keeps them in the name", async () => {
  await touch("in/b.png", "in/a.jpg", "in/z/y/deep.TIFF", "in/z/a.webp", "in/c.v2.JPEG", "in/d.bmp", "in/e.tif");
  const { inputs, skipped } = await listImages([join(root, "in")]);
  expect(inputs.map(({ name }) => name)).toEqual(["a", "b", "c.v2", "d", "e", "z/a", "z/y/deep"]);
  expect(inputs[6]).toEqual({ file: join(root, "in", "z", "y", "deep.TIFF"), name: "z/y/deep" });
  expect(skipped).toEqual([]);
});

test("hidden files and folders are passed over, other files are named as skipped", async () => {
  await touch("in/.hidden.png", "in/._a.png", "in/.git/a.png", "in/a.png", "in/notes.txt", "in/slice.dcm", "in/png");
  const { inputs, skipped } = await listImages([join(root, "in")]);
  expect(inputs.map(({ name }) => name)).toEqual(["a"]);
  expect(skipped).toEqual(
    ["notes.txt", "png", "slice.dcm"].map((name) => ({ file: join(root, "in", name), reason: "does not have the ending of an image" })),
  );
});

test("a file that is given is taken whatever its ending, and paths keep their order", async () => {
  await touch("z.scan", ".h.png", "in/a.png", "b.png");
  expect(await names(join(root, "z.scan"), join(root, ".h.png"), join(root, "in"), join(root, "b.png"))).toEqual(["z", ".h", "a", "b"]);
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
  const { inputs, skipped } = await listImages([join(root, "in")]);
  expect(inputs.map(({ name }) => name)).toEqual(["b/loop/outside/y", "b/x", "y"]);
  expect(skipped.map(({ file, reason }) => [file.slice(root.length + 4), reason])).toEqual([
    ["a-link-to-b", "is a link to a folder that was read already"],
    ["b/loop/in", "is a link to a folder that was read already"],
    ["b/up", "is a link to a folder that was read already"],
    ["broken.png", "is a broken link"],
  ]);
});

test("a device under the name of an image is skipped", async () => {
  await touch("in/a.png");
  await symlink("/dev/null", join(root, "in", "device.png"));
  const { inputs, skipped } = await listImages([join(root, "in")]);
  expect(inputs).toHaveLength(1);
  expect(skipped).toEqual([{ file: join(root, "in", "device.png"), reason: "is not a regular file" }]);
});

test("an empty folder, or none, gives nothing", async () => {
  expect(await listImages([root])).toEqual({ inputs: [], skipped: [] });
  expect(await listImages([])).toEqual({ inputs: [], skipped: [] });
});
