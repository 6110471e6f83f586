import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../../errors.ts";
import { makeFolder, writeAtomic } from "../../../files/atomic-write.ts";
import { modelCard, onnxModel, openModelFolder } from "../../../nnunet/index.ts";
import type { RunEvent } from "../../../run/events.ts";
import { modelIn } from "../model-in.ts";
import type { WeakExportSettings } from "./settings.ts";

/**
 * `medclip-sam weak export`: a trained nnU-Net as one file for any ONNX Runtime.
 *
 *   OUT/model.onnx       image [batch, channels, height, width] to logits [batch, outputs, height, width], of several folds the mean
 *   OUT/model-card.json  what the file also says in its metadata: channels, normalisation, spacing, classes, patch size, use
 *
 * @throws WeightsError when the model folder is incomplete; ConfigError when a file is there and not to be replaced
 */
export async function* runWeakExport({ model: folder, folds, checkpoint, out, overwrite }: WeakExportSettings): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const [file, card] = [join(out, "model.onnx"), join(out, "model-card.json")] as const;
  const present = [file, card].find((one) => existsSync(one));
  if (present !== undefined && !overwrite)
    throw new ConfigError(`"${present}" already exists. Choose another --out, or pass --overwrite to replace it.`);
  const model = await openModelFolder(modelIn(folder), { folds: folds.length > 0 ? folds : undefined, checkpoint });
  yield { type: "stage", message: "writing the network" };
  const bytes = await onnxModel(model);
  await makeFolder(out);
  await writeAtomic(file, bytes);
  await writeAtomic(card, `${JSON.stringify(modelCard(model), null, 2)}\n`);
  const lines = [`${file}: ${(bytes.length / 1e6).toFixed(1)} MB, input "image", output "logits"`, `${card}: what it expects and gives`];
  yield { type: "end", done: 1, skipped: 0, failed: 0, ms: Math.round(performance.now() - start), lines };
}
