import { type Box, type SaliencyMap, toGray } from "../../../image/index.ts";
import type { SessionOptions } from "../../../runtime/session.ts";
import { SamAffinity } from "../../../segment/index.ts";
import type { EmbeddingOfImage } from "./image-embedding.ts";
import type { SaliencyResult } from "./saliency-step.ts";
import { type StageTimes, timed } from "./stage-times.ts";

/** Between the first step and the second: the map is spread over the places that look alike to SAM. */
export class AffinityStep {
  private readonly affinity: SamAffinity;

  constructor(options: SessionOptions) {
    this.affinity = new SamAffinity(options);
  }

  /**
   * The same results with other maps. Empty ones stay as they are.
   *
   * @param embedding - gives SAM's embedding of the image
   * @param isAbsolute - whether the maps' values are probabilities, which keep their scale; others are stretched to [0, 1] again
   */
  async run(
    results: readonly SaliencyResult[],
    embedding: EmbeddingOfImage,
    isAbsolute: boolean,
    ms: StageTimes,
  ): Promise<SaliencyResult[]> {
    const spread: SaliencyResult[] = [];
    for (const result of results) {
      const isEmpty = !result.saliency.data.some((value) => value > 0);
      spread.push(isEmpty ? result : await this.spread(result, embedding, isAbsolute, ms));
    }
    return spread;
  }

  private async spread(result: SaliencyResult, embedding: EmbeddingOfImage, isAbsolute: boolean, ms: StageTimes): Promise<SaliencyResult> {
    const warnings = [...result.warnings];
    const encoded = await embedding(warnings);
    return await timed(ms, "affinity", async () => {
      const spread = await this.affinity.spread(result.saliency, encoded, result.window);
      const saliency = isAbsolute ? spread : stretchWithin(spread, result.window);
      return { ...result, saliency, gray: toGray(saliency), warnings };
    });
  }

  async dispose(): Promise<void> {
    await this.affinity.dispose();
  }
}

/** A map stretched to [0, 1] in a window; a constant one becomes 0. */
function stretchWithin({ width, height, data }: SaliencyMap, window: Box = { x0: 0, y0: 0, x1: width, y1: height }): SaliencyMap {
  const { x0, y0, x1, y1 } = window;
  const rows = Array.from({ length: y1 - y0 }, (_, i) => data.subarray((y0 + i) * width + x0, (y0 + i) * width + x1));
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    for (const value of row) {
      least = Math.min(least, value);
      largest = Math.max(largest, value);
    }
  }
  const range = largest - least;
  const stretched = new Float32Array(data.length);
  for (const [i, row] of rows.entries()) {
    stretched.set(
      row.map((value) => (range > 0 ? (value - least) / range : 0)),
      (y0 + i) * width + x0,
    );
  }
  return { width, height, data: stretched };
}
