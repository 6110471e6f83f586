import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { initModel } from "../../src/hub/init.ts";

/** A folder with a preset's recipe weights, made once a machine; `vocabulary` is put beside a CLIP model. */
export async function randomModel(preset: string, vocabulary?: string, seed = 1): Promise<string> {
  const name = [preset, ...(vocabulary ? [parse(vocabulary).name] : []), ...(seed === 1 ? [] : [`seed-${seed}`])].join("-");
  const folder = join(tmpdir(), "medclip-sam-test-models", name);
  if (existsSync(folder)) return folder;
  // Test files run side by side: a model appears whole, whoever made it first.
  const partial = `${folder}.${process.pid}`;
  await initModel(preset, partial, { seed, ...(vocabulary && { vocabulary }) });
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }));
  return folder;
}
