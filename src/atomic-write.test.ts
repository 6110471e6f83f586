import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeLeftovers, writeAtomic } from "./atomic-write.ts";
import { InputError } from "./errors.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atomic-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** The id of a process that has ended. */
const endedPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

test("the content arrives, folders are made, nothing else stays", async () => {
  await writeAtomic(join(folder, "a", "b", "run.json"), "{}");
  await writeAtomic(join(folder, "a", "b", "run.json"), Uint8Array.from([91, 93]));
  expect(await readFile(join(folder, "a", "b", "run.json"), "utf8")).toBe("[]");
  expect(await readdir(join(folder, "a", "b"))).toEqual(["run.json"]);
});

test("a reader sees the old or the new content, never a part", async () => {
  const file = join(folder, "big.txt");
  const contents = ["a".repeat(1 << 20), "b".repeat(1 << 20)];
  await writeAtomic(file, contents[0]!);
  let writing = true;
  const writer = (async () => {
    for (let i = 0; i < 20; i++) await writeAtomic(file, contents[i % 2]!);
    writing = false;
  })();
  while (writing) expect(contents).toContain(await readFile(file, "utf8"));
  await writer;
});

test("a failed write names the file, keeps the old one and leaves nothing behind", async () => {
  await mkdir(join(folder, "taken", "inside"), { recursive: true });
  await expect(writeAtomic(join(folder, "taken"), "x")).rejects.toThrow(InputError);
  await expect(writeAtomic(join(folder, "taken"), "x")).rejects.toThrow(/taken" cannot be written/);
  expect(await readdir(folder)).toEqual(["taken"]);
});

test("leftovers of ended processes go; those of running ones, other files, folders and links stay", async () => {
  const ended = endedPid();
  for (const name of [`.a.png.${ended}.tmp`, `.b.png.${process.pid}.tmp`, `.c.png.0.tmp`, `c.${ended}.tmp`, ".d.tmp", "e.png"]) {
    await writeFile(join(folder, name), "");
  }
  await mkdir(join(folder, `.f.${ended}.tmp`));
  await symlink("e.png", join(folder, `.g.${ended}.tmp`));
  await mkdir(join(folder, "sub"));
  await writeFile(join(folder, "sub", `.a.png.${ended}.tmp`), "");

  expect(await removeLeftovers(folder)).toEqual([join(folder, `.a.png.${ended}.tmp`), join(folder, ".c.png.0.tmp")]);
  expect((await readdir(folder)).sort()).toEqual(
    [`.b.png.${process.pid}.tmp`, `.f.${ended}.tmp`, `.g.${ended}.tmp`, `c.${ended}.tmp`, ".d.tmp", "e.png", "sub"].sort(),
  );
  expect(await readdir(join(folder, "sub"))).toHaveLength(1);
});

test("a folder that is not there has no leftovers", async () => {
  expect(await removeLeftovers(join(folder, "none"))).toEqual([]);
});
