import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { DataSetFiles, imagePng, maskPng } from "../../../../test/support/data-set-files.ts";
import { warningsOf } from "../../../../test/support/tiny-run.ts";
import { CancelledError, ConfigError, InputError } from "../../../errors.ts";
import type { RunEvent } from "../../../run/events.ts";
import { runDatasetsPrepare } from "./run.ts";
import { DatasetsPrepareSettings } from "./settings.ts";

const files = new DataSetFiles();
afterAll(() => files.remove());
const mask = maskPng("#...", "#...");
const failures = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === "failure" ? [[event.name, event.message]] : []));

/** Two images of UDIAT's layout in a new folder. */
let folder = "";
let count = 0;
beforeEach(async () => {
  folder = `set-${count++}`;
  await files.write(folder, {
    "original/000001.png": imagePng(),
    "GT/000001.png": mask,
    "original/000002.png": imagePng(1),
    "GT/000002.png": mask,
  });
});
const prepare = (settings: object = {}) => files.prepare("udiat", folder, { split: ["test=1"], ...settings });
const result = (path: string) => files.at(`${folder}-out`, path);

describe("files that cannot be used", () => {
  test("are named with the cause, in events and in the record, and the others go on", async () => {
    await files.write(folder, {
      "original/no-mask.png": imagePng(),
      "original/broken.png": "no picture",
      "GT/broken.png": mask,
      "original/broken-mask.png": imagePng(),
      "GT/broken-mask.png": (await mask).subarray(0, 40),
      "original/size.png": imagePng(),
      "GT/size.png": maskPng("#.", ".."),
      "original/two.png": imagePng(),
      "GT/two.png": mask,
      "GT/two_mask.png": mask,
      "original/000001.PNG": imagePng(5),
      "GT/lonely.png": mask,
      "elsewhere/x.png": imagePng(),
    });
    const events = await prepare();
    const found = Object.fromEntries(failures(events).map(([name, message]) => [name, message]));
    expect(Object.keys(found).sort()).toEqual(
      ["000001.png", "broken-mask.png", "broken.png", "no-mask.png", "size.png", "two.png"].map((name) => `original/${name}`),
    );
    expect(found["original/000001.png"]).toMatch(/has the name of ".*original\/000001\.PNG", which is taken instead/);
    expect(found["original/no-mask.png"]).toContain('original/no-mask.png" has no mask');
    expect(found["original/broken-mask.png"]).toContain("GT/broken-mask.png");
    expect(found["original/size.png"]).toMatch(/GT\/size\.png" has 2 x 2 pixels, ".*original\/size\.png" has 4 x 2/);
    expect(found["original/two.png"]).toContain("has 2 masks");
    expect(events.at(-1)).toMatchObject({ type: "end", done: 2, failed: 6 });
    expect(
      files
        .record(folder)
        .failed.map(({ files: [name] }: { files: string[] }) => name)
        .sort(),
    ).toEqual(Object.keys(found).sort());
    expect(files.record(folder).leftOut).toEqual({
      counts: { "mask of no image": 1, "no file of the data set": 1 },
      files: [
        { file: "GT/lonely.png", reason: "mask of no image" },
        { file: "elsewhere/x.png", reason: "no file of the data set" },
      ],
    });
    expect(existsSync(result("test_images/size.png"))).toBe(false);
    const { found: all, used, leftOut, failed } = files.record(folder).counts;
    expect(used + leftOut + failed).toBe(all);
    expect(all).toBe(17);
  });

  test("a folder without the data set is an error that says what is expected, and what is there", async () => {
    await files.write("empty/sub", { ".DS_Store": "" });
    await expect(files.prepare("udiat", "empty")).rejects.toThrow(
      /empty" holds no images of udiat; expected original\/000001\.png.*It has no files/,
    );
    await files.write("packed", { "Dataset B.zip": "zip" });
    await expect(files.prepare("udiat", "packed")).rejects.toThrow('Unpack "Dataset B.zip" first.');
    await expect(files.prepare("udiat", "packed/Dataset B.zip")).rejects.toThrow("is a file, expected a folder. Unpack it first");
    const other = files.prepare("figshare-brain", folder);
    await expect(other).rejects.toThrow(InputError);
    await expect(other).rejects.toThrow("It has GT/000001.png");
    await expect(files.prepare("udiat", "nowhere")).rejects.toThrow('nowhere" does not exist');
    expect(existsSync(files.at("empty-out"))).toBe(false);
  });

  test("links in a circle, and links to nowhere, are passed over or told", async () => {
    symlinkSync(files.at(folder), files.at(folder, "original", "circle"));
    symlinkSync(files.at("nowhere"), files.at(folder, "original", "000003.png"));
    symlinkSync(files.at(folder, "GT", "000001.png"), files.at(folder, "GT", "000003.png"));
    const events = await prepare();
    expect(events.at(-1)).toMatchObject({ done: 2, failed: 1 });
    expect(failures(events)[0]![0]).toBe("original/000003.png");
  });
});

describe("a second run", () => {
  test("makes only what is missing or was made from other files", async () => {
    await prepare();
    const before = files.text(`${folder}-out`, "manifest.csv");
    expect((await prepare()).at(-1)).toMatchObject({ done: 0, skipped: 2, failed: 0 });
    expect(files.text(`${folder}-out`, "manifest.csv")).toBe(before);
    rmSync(result("test_masks/000001.png"));
    await files.write(folder, { "original/000002.png": imagePng(9) });
    expect((await prepare()).at(-1)).toMatchObject({ done: 2, skipped: 0 });
    expect(readFileSync(result("test_images/000002.png"))).toEqual(Buffer.from(await imagePng(9)));
    expect(files.text(`${folder}-out`, "manifest.csv")).not.toBe(before);
  });

  test("does not write again what is done, though times have changed", async () => {
    await prepare();
    const written = statSync(result("test_images/000001.png")).mtimeMs;
    utimesSync(files.at(folder, "original/000001.png"), 1, 1);
    expect((await prepare()).at(-1)).toMatchObject({ done: 0, skipped: 2 });
    expect(statSync(result("test_images/000001.png")).mtimeMs).toBe(written);
  });

  test("takes up images that were mended", async () => {
    await files.write(folder, { "original/000003.png": imagePng(3) });
    expect((await prepare()).at(-1)).toMatchObject({ done: 2, failed: 1 });
    await files.write(folder, { "GT/000003.png": mask });
    expect((await prepare()).at(-1)).toMatchObject({ done: 1, skipped: 2, failed: 0 });
    expect(files.record(folder).failed).toEqual([]);
  });

  test("with other settings, other splits or fewer images needs --overwrite, and leaves nothing of the first", async () => {
    await prepare();
    await expect(prepare({ split: ["val=1"] })).rejects.toThrow(ConfigError);
    await expect(prepare({ split: ["val=1"] })).rejects.toThrow(
      /images of other settings \(split was \["test=1"\], now it is \["val=1"\]\).*--overwrite/,
    );
    await prepare({ split: ["val=1"], overwrite: true });
    expect(existsSync(result("test_images/000001.png"))).toBe(false);
    expect(existsSync(result("val_images/000001.png"))).toBe(true);
    rmSync(files.at(folder, "original/000001.png"));
    await expect(prepare({ split: ["val=1"] })).rejects.toThrow(/1 images that are no longer in the folder.*000001 in val/);
    expect(existsSync(result("val_images/000001.png"))).toBe(true);
    expect((await prepare({ split: ["val=1"], overwrite: true })).at(-1)).toMatchObject({ skipped: 1 });
    expect(existsSync(result("val_images/000001.png"))).toBe(false);
    expect(existsSync(result("val_masks/000001.png"))).toBe(false);
    expect(files.text(`${folder}-out`, "manifest.csv")).not.toContain("000001");
  });

  test("never replaces files that no run has made, or results of another command", async () => {
    await files.write(`${folder}-out`, { "test_masks/truth.png": mask });
    await expect(prepare()).rejects.toThrow(/test_masks\/truth\.png" already exists, and no record/);
    rmSync(files.at(`${folder}-out`), { recursive: true });
    await files.write(`${folder}-out`, { "run.json": JSON.stringify({ command: "segment", images: [] }) });
    await expect(prepare({ overwrite: true })).rejects.toThrow('holds results of the command "segment"');
  });
});

test("the result may lie in the folder, but not be it; other results in it are passed over", async () => {
  await expect(prepare({ out: files.at(folder) })).rejects.toThrow("is the folder with the downloaded files");
  await prepare({ out: files.at(folder, "first") });
  const events = await prepare({ out: files.at(folder, "second") });
  expect(events.at(-1)).toMatchObject({ done: 2, failed: 0 });
  expect(warningsOf(events)).toContainEqual(expect.stringContaining('first" is the result of another run'));
  expect((await prepare({ out: files.at(folder, "second") })).at(-1)).toMatchObject({ done: 0, skipped: 2 });
});

describe("a folder of results among the downloaded files", () => {
  const prepareInto = (...parts: string[]) => prepare({ out: files.at(folder, ...parts) });

  test("is refused where it holds some of them, and nothing is written", async () => {
    await expect(prepareInto("GT")).rejects.toThrow(ConfigError);
    await expect(prepareInto("GT")).rejects.toThrow(
      /--out: ".*GT" lies in the folder .* files that are not results of this command \(000001\.png, 000002\.png\).*Choose a new or empty folder/,
    );
    await expect(prepare({ out: files.at(folder, "GT"), overwrite: true })).rejects.toThrow("not results of this command");
    expect(readdirSync(files.at(folder, "GT"))).toEqual(["000001.png", "000002.png"]);
    symlinkSync(files.at(folder, "GT"), files.at(`${folder}-link`));
    await expect(prepare({ out: files.at(`${folder}-link`) })).rejects.toThrow("not results of this command");
    symlinkSync(files.at(folder), files.at(`${folder}-whole`));
    await expect(prepare({ out: files.at(`${folder}-whole`) })).rejects.toThrow("is the folder with the downloaded files");
  });

  test("may be empty, or have an earlier result, but no files beside it", async () => {
    mkdirSync(files.at(folder, "mine"));
    await files.write(folder, { "mine/.DS_Store": "" });
    expect((await prepareInto("mine")).at(-1)).toMatchObject({ done: 2, failed: 0 });
    await files.write(folder, { "mine/.run.lock.0.0.tmp": "" });
    expect((await prepareInto("mine")).at(-1)).toMatchObject({ done: 0, skipped: 2 });
    await files.write(folder, { "mine/original/000003.png": imagePng(3) });
    await expect(prepareInto("mine")).rejects.toThrow("(original/000003.png)");
  });
});

test("a cancelled run keeps what is done, and the next one goes on", async () => {
  const others = Array.from({ length: 6 }, (_, i) => `more-${i}.png`);
  await files.write(
    folder,
    Object.fromEntries(
      others.flatMap((name, i) => [
        [`original/${name}`, imagePng(i)],
        [`GT/${name}`, mask],
      ]),
    ),
  );
  const stop = new AbortController();
  const given = { name: "udiat", folder: files.at(folder), out: files.at(`${folder}-out`), split: ["test=1"] };
  const run = async () => {
    for await (const event of runDatasetsPrepare(DatasetsPrepareSettings.parse(given), { signal: stop.signal }))
      if (event.type === "item") stop.abort();
  };
  await expect(run()).rejects.toThrow(CancelledError);
  const { items } = files.record(folder);
  expect(items.length).toBeGreaterThan(0);
  expect(items.length).toBeLessThan(8);
  expect((await prepare()).at(-1)).toMatchObject({ done: 8 - items.length, skipped: items.length, failed: 0 });
});

test("a list of test images that names none of them, or only some, is told", async () => {
  writeFileSync(files.at("list.txt"), "a.png\nb.png\n");
  await expect(prepare({ test: files.at("list.txt") })).rejects.toThrow(
    /no image has a name of ".*list\.txt" \(a, b\); images are called 000001, 000002/,
  );
  writeFileSync(files.at("list.txt"), "original/000002.png\nb.png\n");
  const events = await files.prepare("udiat", folder, { test: files.at("list.txt") });
  expect(warningsOf(events)).toContainEqual(expect.stringContaining("names 1 images that are not there: b"));
  expect(existsSync(result("test_images/000002.png"))).toBe(true);
  expect(existsSync(result("val_images/000001.png"))).toBe(true);
});
