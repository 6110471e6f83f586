import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initModel } from "../../src/hub/init.ts";

const sizes = {
  imageSize: 64,
  patch: 8,
  width: 32,
  depth: 2,
  heads: 4,
  globalBlocks: [1],
  window: 3,
  outChannels: 32,
  decoder: { innerWidth: 16, mlpWidth: 64, iouWidth: 32 },
};

/** A folder with a SAM model for images of 64 x 64 pixels, random weights to be trained: a step takes milliseconds. Made once a machine. */
export async function tinySam(): Promise<string> {
  const folder = join(tmpdir(), "medclip-sam-test-models", "sam-64");
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const file = join(partial, "sizes.json");
  writeFileSync(file, JSON.stringify({ sam: sizes }));
  await initModel(file, partial, { seed: 1, purpose: "training" });
  // Test files run side by side: a model appears whole, whoever made it first.
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }));
  return folder;
}
