import { filesIn } from "../../hub/bundle/manifest.ts";
import { packBundle } from "../../hub/bundle/pack-bundle.ts";
import { megabytes } from "../../hub/megabytes.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { toldWhile } from "../../run/told-while.ts";
import type { ModelsPackSettings } from "./settings.ts";

/** `medclip-sam models pack`: downloaded models in one file, for machines without network. */
export async function* runModelsPack({ models, kind, out }: ModelsPackSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { manifest, bytes, sha256 } = yield* toldWhile((tell) => packBundle(models, out, { kind, signal, tell }));
  const lines = [
    ...manifest.models.map((model) => `${model.folder}: ${model.repository}, commit ${model.commit}, ${filesIn(model)}`),
    `${out}: ${megabytes(bytes)}, SHA-256 ${sha256}`,
    `On the other machine: medclip-sam models unpack FILE. The licences of the models apply to the bundle, too.`,
  ];
  yield { type: "end", done: manifest.models.length, skipped: 0, failed: 0, ms: Math.round(performance.now() - start), lines };
}
