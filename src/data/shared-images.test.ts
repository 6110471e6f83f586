import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { writeTar } from "../../test/support/tar.ts";
import { sharedImages } from "./shared-images.ts";
import { readShard } from "./webdataset.ts";

/** How many files are open through `open`, and the most there have been. */
const openFiles = vi.hoisted(() => ({ now: 0, most: 0 }));
vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof import("node:fs/promises")>();
  const open = async (path: string) => {
    const handle = await fs.open(path);
    openFiles.most = Math.max(openFiles.most, ++openFiles.now);
    const close = handle.close.bind(handle);
    handle.close = () => close().finally(() => openFiles.now--);
    return handle;
  };
  return { ...fs, open };
});

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-shared-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string) {
  writeFileSync(join(folder, name), content);
  return { file: join(folder, name) };
}

const black = "0".repeat(10_000);

test("the same content under another name is found, in shards, too", async () => {
  const [a, copy, other] = [file("a.png", "one"), file("copy.png", "one"), file("other.png", "two")];
  writeTar(join(folder, "s.tar"), { "1.png": "one", "1.txt": "t" });
  const inShard = (await readShard(join(folder, "s.tar"))).pairs.map(({ image }) => image);
  expect(await sharedImages([a, other], [copy, ...inShard, file("b.png", "thr")])).toEqual([
    { trained: a.file, heldOut: copy.file },
    { trained: a.file, heldOut: join(folder, "s.tar/1.png") },
  ]);
  expect(await sharedImages([a], [a])).toEqual([{ trained: a.file, heldOut: a.file }]);
});

test("files of equal size and equal end that differ elsewhere are distinguished; unreadable files match none", async () => {
  const images = [file("x.bmp", `a${black}`), file("y.bmp", `b${black}`)];
  expect(await sharedImages([images[0]!], [images[1]!, { file: join(folder, "none.bmp") }])).toEqual([]);
});

test("however many files are compared, at most 16 are open at a time", async () => {
  const pairs = Array.from({ length: 40 }, (_, i) => [file(`${i}.trained`, "0".repeat(i)), file(`${i}.held-out`, "0".repeat(i))] as const);
  const shared = await sharedImages(
    pairs.map(([trained]) => trained),
    pairs.map(([, heldOut]) => heldOut),
  );
  expect(shared).toHaveLength(40);
  expect(openFiles.now).toBe(0);
  expect(openFiles.most).toBeLessThanOrEqual(16);
});
