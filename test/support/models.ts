import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initModel } from "../../src/hub/init.ts";

/** A folder with a preset's recipe weights, seed 1, made once a machine; `vocabulary` is put beside a CLIP model. */
export async function randomModel(preset: string, vocabulary?: string): Promise<string> {
  const folder = join(tmpdir(), "medclip-sam-test-models", vocabulary ? `${preset}-with-vocabulary` : preset);
  if (!existsSync(folder)) await initModel(preset, folder, { seed: 1, ...(vocabulary && { vocabulary }) });
  return folder;
}
