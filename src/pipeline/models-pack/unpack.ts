import { filesIn } from "../../hub/bundle/manifest.ts";
import { unpackBundle } from "../../hub/bundle/unpack-bundle.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { toldWhile } from "../../run/told-while.ts";
import type { ModelsUnpackSettings } from "./settings.ts";

/** `medclip-sam models unpack`: models of a bundle into the Hugging Face cache, or into a folder. */
export async function* runModelsUnpack(settings: ModelsUnpackSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { file, into, acceptChanged } = settings;
  const models = yield* toldWhile((tell) => unpackBundle(file, { into, acceptChanged, signal, tell }));
  for (const { model } of models) {
    const { folder, title = model.repository, licence, use } = model;
    const terms = [...(licence ? [`Licence: ${licence}.`] : []), ...(use ? [`Made for ${use}.`] : [])].join(" ");
    yield { type: "note", message: `${folder}: ${title}. ${terms} Its licence and model card apply.` };
  }
  const lines = models.map(({ model, place }) => `${model.folder}: ${filesIn(model)}, all hashes are right; ${place}`);
  yield { type: "end", done: models.length, skipped: 0, failed: 0, ms: Math.round(performance.now() - start), lines };
}
