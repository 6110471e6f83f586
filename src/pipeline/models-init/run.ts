import { initModel } from "../../hub/init.ts";
import type { RunEvent } from "../../run/events.ts";
import type { ModelsInitSettings } from "./settings.ts";

/** `medclip-sam models init`: random weights, for benchmarks and tests. The large models are gigabytes, so this is a job. */
export async function* runModelsInit({ name, seed, out, vocab, purpose }: ModelsInitSettings): AsyncGenerator<RunEvent> {
  const start = performance.now();
  yield { type: "stage", message: `writing random weights for ${name}` };
  const files = await initModel(name, out, { seed, vocabulary: vocab, purpose });
  const lines = [
    ...files,
    `These weights are random (seed ${seed}): ${purpose === "training" ? "for training" : "for benchmarks and tests"}, not for results.`,
    ...(files.length === 2 ? ["The CLIP model has no vocabulary, so it cannot read text prompts: pass --vocab FILE to give it one."] : []),
  ];
  yield { type: "end", done: files.length, skipped: 0, failed: 0, ms: Math.round(performance.now() - start), lines };
}
