import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makePipe } from "../../test/support/named-pipe.ts";
import { concernsOneInput, InputError, OutputError } from "../errors.ts";
import { AppendFile } from "./append-file.ts";
import { copyAtomically, isRunning, remove, removeLeftovers, requireWritable, writeAtomic, writing } from "./atomic-write.ts";

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

test("a copy replaces an older file and does not follow later changes of the original", async () => {
  const [from, to] = [join(folder, "best"), join(folder, "checkpoints", "last")];
  await writeFile(from, "one");
  await copyAtomically(from, to);
  await copyAtomically(from, to);
  await writeFile(from, "two");
  expect(await readFile(to, "utf8")).toBe("one");
  expect(await readdir(join(folder, "checkpoints"))).toEqual(["last"]);
});

test("a failed write names the file, keeps the old one and leaves nothing behind", async () => {
  await mkdir(join(folder, "taken", "inside"), { recursive: true });
  await expect(writeAtomic(join(folder, "taken"), "x")).rejects.toThrow(InputError);
  await expect(writeAtomic(join(folder, "taken"), "x")).rejects.toThrow(/taken" cannot be written/);
  expect(await readdir(folder)).toEqual(["taken"]);
});

/** An error as the system gives it. */
const systemError = (code: string) => Object.assign(new Error(`${code}: as the system says it, write`), { code });

test.each([
  ["ENOSPC", "the disk is full. Free some space (ENOSPC)."],
  ["EDQUOT", "the disk quota is used up. Free some space (EDQUOT)."],
  ["EROFS", "the disk is read-only. Choose another folder (EROFS)."],
  ["EACCES", "permission denied. Change the permissions or choose another folder (EACCES)."],
  ["EMFILE", "too many files are open. Raise the limit (ulimit -n) (EMFILE)."],
  ["EIO", "EIO: as the system says it, write."],
])("%s concerns all further results: it is reported as a fault of the output", async (code, words) => {
  const failing = writing("out/masks/a.png", () => Promise.reject(systemError(code)));
  await expect(failing).rejects.toThrow(OutputError);
  await expect(failing).rejects.toThrow(`"out/masks/a.png" cannot be written: ${words}`);
  await expect(failing).rejects.toSatisfy((error) => !concernsOneInput(error));
});

test.each(["ENAMETOOLONG", "EISDIR"])("%s concerns one name, so others can still be written", async (code) => {
  await expect(writing("out/masks/a.png", () => Promise.reject(systemError(code)))).rejects.toSatisfy(concernsOneInput);
});

test("running out of open files is no fault of the input that was to be read", () => {
  expect(concernsOneInput(new InputError("x cannot be read", { cause: systemError("EMFILE") }))).toBe(false);
  expect(concernsOneInput(new InputError("x cannot be read", { cause: systemError("EACCES") }))).toBe(true);
});

test("a file where a folder should be is a fault of the output, for whole files, growing ones and removals", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(writeAtomic(join(folder, "file", "a.png"), "x")).rejects.toThrow(/a part of its path is a file, not a folder/);
  await expect(AppendFile.open(join(folder, "file", "log"))).rejects.toThrow(OutputError);
  await expect(remove([join(folder, "file", "a.png")])).rejects.toThrow(OutputError);
});

test("whether a file can be written is found out before the work, and nothing stays", async () => {
  await requireWritable(join(folder, "deep", "scores.json"));
  expect(await readdir(join(folder, "deep"))).toEqual([]);
  await writeFile(join(folder, "file"), "");
  await expect(requireWritable(join(folder, "file", "scores.json"))).rejects.toThrow(OutputError);
  await expect(requireWritable(folder)).rejects.toThrow(/is a folder, expected the name of a file/);
  const [input, other] = [join(folder, "file"), join(folder, "other")];
  await requireWritable(input, [other]);
  await symlink(input, other);
  await expect(requireWritable(input, [other])).rejects.toThrow(
    /file" is one of the files that are read, and the result would overwrite it/,
  );
});

test("a symbolic link stays, and its target gets the content, also where the target does not exist yet", async () => {
  const [target, later] = [join(folder, "target.json"), join(folder, "later", "new.json")];
  await writeFile(target, "old");
  await symlink("target.json", join(folder, "near.json"));
  await symlink(join(folder, "near.json"), join(folder, "far.json"));
  await symlink(later, join(folder, "dangling.json"));
  for (const name of ["far.json", "dangling.json"]) {
    await requireWritable(join(folder, name));
    await writeAtomic(join(folder, name), "new");
  }
  expect(await readFile(target, "utf8")).toBe("new");
  expect(await readFile(later, "utf8")).toBe("new");
  expect(await readlink(join(folder, "near.json"))).toBe("target.json");
  expect(await readdir(folder)).toEqual(["dangling.json", "far.json", "later", "near.json", "target.json"]);
});

test("links in a circle are a fault of the name", async () => {
  await symlink("b", join(folder, "a"));
  await symlink("a", join(folder, "b"));
  const message = 'a" cannot be written: its symbolic links lead in a circle';
  await expect(writeAtomic(join(folder, "a"), "x")).rejects.toThrow(message);
  await expect(requireWritable(join(folder, "a"))).rejects.toThrow(InputError);
});

// Windows has neither.
test.skipIf(process.platform === "win32")("a device and a pipe are written to and stay what they are, also behind a link", async () => {
  const pipe = join(folder, "pipe");
  makePipe(pipe);
  await symlink(pipe, join(folder, "link"));
  await symlink("/dev/null", join(folder, "null"));
  for (const name of ["pipe", "link", "null"]) await requireWritable(join(folder, name));
  for (const name of ["pipe", "link"]) {
    const [read] = await Promise.all([readFile(pipe, "utf8"), writeAtomic(join(folder, name), `to ${name}`)]);
    expect(read).toBe(`to ${name}`);
  }
  await writeAtomic(join(folder, "null"), "x");
  expect((await lstat(pipe)).isFIFO()).toBe(true);
  expect((await lstat("/dev/null")).isCharacterDevice()).toBe(true);
  expect(await readdir(folder)).toEqual(["link", "null", "pipe"]);
});

test("a growing file goes on at its end", async () => {
  for (const line of ["one\n", "two\n"]) {
    const file = await AppendFile.open(join(folder, "deep", "log"));
    await file.append(line);
    await file.sync();
    await file.close();
  }
  expect(await readFile(join(folder, "deep", "log"), "utf8")).toBe("one\ntwo\n");
});

// A shell that becomes another program keeps its child, for which that program never asks.
test.runIf(process.platform === "linux")("a process that was killed and whose parent never asks for it does not run", async () => {
  const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
  const state = () => readFile(`/proc/${pid}/stat`, "utf8");
  while (!(await state()).includes(") Z ")) await setTimeout(5);
  expect(isRunning(pid)).toBe(false);
  expect(isRunning(parent.pid!)).toBe(true);
  parent.kill();
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
  expect(await removeLeftovers(folder, { below: true })).toEqual([join(folder, "sub", `.a.png.${ended}.tmp`)]);
});

test("a name as long as file systems take it can be written", async () => {
  for (const name of [`${"x".repeat(251)}.png`, `${"é".repeat(125)}x.png`]) await writeAtomic(join(folder, name), "content");
  expect((await readdir(folder)).map((name) => Buffer.byteLength(name))).toEqual([255, 255]);
});

test("a folder that is not there has no leftovers", async () => {
  expect(await removeLeftovers(join(folder, "none"))).toEqual([]);
});

test.skipIf(!existsSync("/proc/self"))("a folder where the system makes none ends in an error, not in a wait", async () => {
  await expect(writeAtomic("/proc/x/y/run.json", "{}")).rejects.toThrow(OutputError);
});
