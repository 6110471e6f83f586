import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeTestZip } from "./_zip-for-tests.ts";
import { openWeights } from "./open-weights.ts";
import { writeSafetensors } from "./safetensors.ts";
import { tensor } from "./tensor.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weights-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a safetensors file is known by its content, whatever its name", async () => {
  const file = join(folder, "model.pth");
  await writeSafetensors(file, { w: tensor("float32", [2], new Float32Array(2)) }, { format: "pt" });
  const { kind, tensors, metadata } = await openWeights(file);
  expect([kind, [...tensors.keys()], metadata]).toEqual(["safetensors", ["w"], { format: "pt" }]);
});

test("a torch checkpoint is known by its content, whatever its name", async () => {
  const file = join(folder, "model.safetensors");
  await writeTestZip(file, [{ name: "m/data.pkl", data: Buffer.from("\x80\x02}.", "latin1") }]);
  expect(await openWeights(file)).toEqual({
    kind: "torch",
    tensors: new Map(),
    unread: new Map(),
    values: {},
    metadata: {},
    files: [file],
  });
});

test.each([
  ["an empty file", "", "it is empty. Download it again."],
  [
    "a Git LFS pointer",
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 783740000\n",
    'it is a Git LFS pointer, not the weights: run "git lfs pull" in its folder, or download the file itself.',
  ],
  ["a web page", "\n<!DOCTYPE html><html>404</html>", "it is a web page, not weights"],
  ["an error of a storage service", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "it is a web page, not weights"],
  ["JSON", '{"a": {}}', "it is JSON text, not weights. Name the file of weights beside it."],
  ["an old torch file", "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "it is in torch's format before version 1.6"],
  ["a bare pickle", "\x80\x04N.", "it is a bare Python pickle"],
  ["gzip", "\x1f\x8b\x08\x00", "it is compressed with gzip. Unpack it first."],
  ["something else", "GIF89a..", "its first bytes match no supported weights format (47 49 46 38 39 61 2e 2e)."],
])("%s is recognised", async (_, content, reason) => {
  const file = join(folder, "weights.bin");
  await writeFile(file, Buffer.from(content, "latin1"));
  await expect(openWeights(file)).rejects.toThrow(`"${file}" does not hold weights: ${reason}`);
  await expect(openWeights(file)).rejects.toMatchObject({ code: "weights" });
});

test("a folder and a missing file are named", async () => {
  await expect(openWeights(folder)).rejects.toThrow(`"${folder}" is a folder or device, expected a file of weights.`);
  await expect(openWeights(join(folder, "none.pth"))).rejects.toThrow(/none.pth" does not exist/);
});
