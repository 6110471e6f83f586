import type { RunEvent } from "../../../run/events.ts";
import { gemmSpeed } from "../../../run/gemm-speed.ts";
import { secondsOf, shortSeconds } from "../../../run/time-estimate.ts";
import type { SessionOptions } from "../../../runtime/session.ts";
import type { SaliencyMethod } from "../../../saliency/index.ts";
import { countOf } from "../../../scans/names.ts";
import type { SamPredictor } from "../../../segment/index.ts";
import type { TargetItem } from "./items.ts";

/** Describes a run and estimates its time from the operations of its graphs and the speed of this machine. */
export async function* dryRun(
  command: string,
  items: readonly Pick<TargetItem, "name" | "file" | "lookFor">[],
  models: { readonly saliency?: SaliencyMethod; readonly sam?: SamPredictor },
  options: SessionOptions,
): AsyncGenerator<RunEvent> {
  const { saliency, sam } = models;
  const { image = 0, text = 0 } = saliency?.flops() ?? {};
  const targets = items.reduce((sum, { lookFor }) => sum + lookFor.length, 0);
  // Text-dependent work is done per target, the rest once per image; a visual prompt costs a hundredth of SAM's encoder.
  const flops = image + (text * targets) / Math.max(items.length, 1) + (sam?.flops() ?? 0);
  const speed = await gemmSpeed(options);
  const seconds = secondsOf(flops, speed);
  const lines = [
    ...items.slice(0, 10).map(({ file, name }) => `${file} -> ${name}`),
    ...(items.length > 10 ? [`and ${items.length - 10} more`] : []),
    `${countOf(items.length, "image")}${targets > items.length ? ` with ${targets} targets` : ""}, ${(flops / 1e9).toFixed(0)} GFLOP each on a machine with ${(speed / 1e9).toFixed(0)} GFLOP/s:`,
    `about ${shortSeconds(seconds)} an image, ${shortSeconds(seconds * items.length)} in all (estimated). Nothing was written.`,
  ];
  yield { type: "start", command, total: items.length, done: 0 };
  yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines };
}
