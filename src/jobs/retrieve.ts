import type { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import type { RetrievalResult } from "../pipeline/retrieve/run.ts";
import type { RetrieveSettings as Settings } from "../pipeline/retrieve/settings.ts";
import { type StopOptions, stopOptions } from "../run/stop-options.ts";

/** The settings of `medclip-sam retrieve`, by their names in camelCase; those with a default may be left out. */
export type RetrieveSettings = Omit<z.input<typeof Settings>, "dryRun">;

/** Image-to-text and text-to-image retrieval scores of a model. */
export interface Retrieval extends RetrievalResult {
  /** Warnings: skipped pairs with reasons, truncated captions. */
  readonly warnings: readonly string[];
}

/**
 * Scores a CLIP model on pairs of image and caption, in this process: `medclip-sam retrieve` with the same settings. Ranks of features that you
 * have already are made by `batchRetrieval` and `pairRanks`.
 *
 * @throws ConfigError that names each wrong setting; otherwise as the command fails
 * @example const { wholeSet } = await retrieve({ pairs: ["captions.csv"], clip: "runs/first/model" }); // wholeSet.imageToText.recall[1]
 */
export async function retrieve(settings: RetrieveSettings, options: StopOptions = {}): Promise<Retrieval> {
  checkedOptions(stopOptions, options, "retrieve");
  const { RetrieveSettings } = await import("../pipeline/retrieve/settings.ts");
  const checked = { ...checkedOptions(RetrieveSettings.omit({ dryRun: true }), settings, "retrieve"), dryRun: false };
  const { runRetrieve } = await import("../pipeline/retrieve/run.ts");
  const events = runRetrieve(checked, options);
  const warnings: string[] = [];
  for (;;) {
    const { done, value } = await events.next();
    if (done) return { ...value!, warnings };
    if (value.type === "warning") warnings.push(value.message);
    if (value.type === "failure") warnings.push(`${value.name} is left out: ${value.message}`);
  }
}
