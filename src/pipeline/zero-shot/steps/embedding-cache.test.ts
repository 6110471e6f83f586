import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { nanoSam } from "../../../../test/support/models.ts";
import type { Image } from "../../../image/index.ts";
import { loadSam, type SamOfFiles } from "../../models/model.ts";
import { EmbeddingCache } from "./embedding-cache.ts";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return { ...real, statfs: vi.fn(real.statfs) };
});

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-embeddings-"));
const image: Image = { width: 40, height: 30, data: Uint8Array.from({ length: 3600 }, (_, i) => (i * i) % 251) };
let model: SamOfFiles;
beforeAll(async () => {
  model = await loadSam(await nanoSam(), {});
});
afterAll(async () => {
  await model.sam.dispose();
  rmSync(folder, { recursive: true });
});

const files = () => readdirSync(join(folder, "kept"));
/** An embedding with the cache of `folder`, what it warned of, and how often the encoder ran. */
async function embed(at = "kept", given = image) {
  const encode = vi.spyOn(model.sam, "setImage");
  const warnings: string[] = [];
  const embedding = await new EmbeddingCache(join(folder, at), model).embed(given, warnings);
  const runs = encode.mock.calls.length;
  encode.mockRestore();
  return { embedding, warnings, runs };
}

test("for a cached image the encoder does not run, and the embedding is the same", async () => {
  const first = await embed();
  const second = await embed();
  expect([first.runs, second.runs, first.warnings, second.warnings]).toEqual([1, 0, [], []]);
  expect(Buffer.from(second.embedding.values.data.buffer).equals(Buffer.from(first.embedding.values.data.buffer))).toBe(true);
  const { values: _, ...placement } = first.embedding;
  expect(second.embedding).toMatchObject(placement);
});

test("images with the same bytes but another size have separate embeddings", async () => {
  const turned = { ...image, width: 30, height: 40 };
  expect((await embed("kept", turned)).runs).toBe(1);
  expect(files()).toHaveLength(2);
});

test("another model in the same file has separate embeddings", async () => {
  const before = files().length;
  const { samFiles } = model;
  const embed = (under: string) =>
    new EmbeddingCache(join(folder, "kept"), { ...model, samFiles: { ...samFiles, weights: `${samFiles.weights}${under}` } }).embed(
      image,
      [],
    );
  await embed("");
  expect(files()).toHaveLength(before);
  await embed("#model.");
  await embed("#ema.");
  expect(files()).toHaveLength(before + 2);
});

test.each([
  ["one changed bit", (bytes: Buffer) => bytes.fill(bytes.at(-1)! ^ 1, bytes.length - 1), /hash that was written/],
  ["a missing end", (bytes: Buffer) => bytes.subarray(0, 5000), /is damaged, so the image was encoded again/],
  ["another content", () => Buffer.from("no tensors"), /is damaged, so the image was encoded again/],
])("a file with %s gives a warning, and is recomputed and replaced", async (_, damage, message) => {
  await embed();
  const before = files().map((name) => [name, readFileSync(join(folder, "kept", name))] as const);
  for (const [name, bytes] of before) writeFileSync(join(folder, "kept", name), damage(Buffer.from(bytes)));
  const { runs, warnings } = await embed();
  expect(runs).toBe(1);
  expect(warnings).toEqual([expect.stringMatching(message)]);
  expect(await embed()).toMatchObject({ runs: 0, warnings: [] });
  expect(before.some(([name, bytes]) => readFileSync(join(folder, "kept", name)).equals(bytes))).toBe(true);
});

test("an unwritable folder gives one warning and no further attempts, and the result is kept", async () => {
  writeFileSync(join(folder, "a-file"), "");
  const cache = new EmbeddingCache(join(folder, "a-file"), model);
  const warnings: string[] = [];
  await cache.embed(image, warnings);
  await cache.embed(image, warnings);
  expect(warnings).toEqual([expect.stringMatching(/the embedding was not cached, and those of later images will not be: .*a-file/)]);
});

test("disk space is reserved for results", async () => {
  vi.mocked(statfs).mockResolvedValueOnce({ bavail: 1000, bsize: 1024 } as never);
  const { runs, warnings } = await embed("short");
  expect(runs).toBe(1);
  expect(warnings).toEqual([expect.stringMatching(/the disk of ".*short" has 1 MiB free, which is reserved for results/)]);
});
