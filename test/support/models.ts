import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { initModel } from "../../src/hub/init.ts";

/** A folder with a preset's recipe weights, seed 1, made once a machine; `vocabulary` is put beside a CLIP model. */
export async function randomModel(preset: string, vocabulary?: string): Promise<string> {
  const folder = join(tmpdir(), "medclip-sam-test-models", vocabulary ? `${preset}-${parse(vocabulary).name}` : preset);
  if (existsSync(folder)) return folder;
  // Test files run side by side: a model appears whole, whoever made it first.
  const partial = `${folder}.${process.pid}`;
  await initModel(preset, partial, { seed: 1, ...(vocabulary && { vocabulary }) });
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }));
  return folder;
}
