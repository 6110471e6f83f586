import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nanoSam } from "../../test/support/models.ts";
import { readSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import { showModel, verifyModel } from "./models.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "models-"));
  process.env.XDG_CACHE_HOME = folder;
});
afterAll(() => rm(folder, { recursive: true }));

test("a folder with a SAM model under any name is verified as SAM", async () => {
  const own = await mkdtemp(join(folder, "sam-"));
  await cp(join(await nanoSam(), "model.safetensors"), join(own, "medsam_vit_b.pth"));
  const { lines, isSound } = await verifyModel(own);
  expect(isSound, lines.join("\n")).toBe(true);
  expect(lines[0]).toBe(`OK: "${join(own, "medsam_vit_b.pth")}" is a SAM model (MedSAM, official names, 174 tensors)`);
  expect(lines[1]).toMatch(/taken for MedSAM because of the name "medsam_vit_b.pth"/);
});

test("each file of a sharded model is listed", async () => {
  const own = await mkdtemp(join(folder, "shards-"));
  const { tensors } = await readSafetensors(join(await nanoSam(), "model.safetensors"));
  const shards = ["model-1-of-2.safetensors", "model-2-of-2.safetensors"] as const;
  const map = Object.fromEntries([...tensors.keys()].map((name, i) => [name, shards[i % 2]!]));
  for (const shard of shards)
    await writeSafetensors(join(own, shard), Object.fromEntries([...tensors].filter(([name]) => map[name] === shard)));
  await writeFile(join(own, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
  expect((await verifyModel(own)).lines[0]).toMatch(/is a SAM model \(official names, \d+ tensors in 2 shards\)$/);
  const { lines } = await showModel(own);
  for (const file of ["model.safetensors.index.json", ...shards])
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^SHA-256 +[0-9a-f]{64} ${file.replaceAll(".", "\\.")}$`)));
});

test("a folder without weights is reported without guessing the kind of model", async () => {
  const own = await mkdtemp(join(folder, "none-"));
  await expect(verifyModel(own)).rejects.toThrow(`"${own}" holds no weights of a CLIP or SAM model`);
});
