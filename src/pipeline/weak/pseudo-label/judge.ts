import { join } from "node:path";
import { throwIfCancelled } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import {
  type DuplicatePair,
  decisionRows,
  dropFor,
  duplicateClusters,
  type FingerprintedImage,
  fingerprint,
  type GateResult,
  GateSettings,
  gate,
  gateRecord,
  leaks,
  worstFirst,
} from "../../../gate/index.ts";
import { decodeImage } from "../../../scans/decode-image.ts";
import { listImages } from "../../../scans/list-images.ts";
import { countOf } from "../../../scans/names.ts";
import { csvText } from "../../text-table.ts";
import type { FactsFile } from "./facts-file.ts";
import type { WeakPseudoLabelSettings } from "./settings.ts";

/** What becomes of the pseudo-labels. */
export interface Judged {
  readonly gate: GateResult;
  /** Weights of those that are trained on, by name. */
  readonly weights: ReadonlyMap<string, number>;
  /** Names of images that are near-duplicates of one another. */
  readonly clusters: readonly (readonly string[])[];
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
}

/** `OUT/gate.json` and `OUT/decisions.csv`: judges all pseudo-labels, and finds near-duplicates among the images and of the test set. */
export async function judge(labels: readonly FactsFile[], settings: WeakPseudoLabelSettings, signal?: AbortSignal): Promise<Judged> {
  const { out, testImages } = settings;
  const images = await fingerprints(
    labels.map(({ file, facts: { name } }) => ({ name, file })),
    settings,
    signal,
  );
  const tests =
    testImages.length > 0
      ? await fingerprints((await listImages(testImages, { out })).inputs, settings, signal)
      : { found: [], unread: [] };
  const leaked = leaks(images.found, tests.found, settings);
  const clusters = duplicateClusters(images.found, settings).map((cluster) => cluster.map(({ name }) => name));
  const inTest = new Map(leaked.map(({ a, b }) => [a.name, `near-duplicate of the test image "${b.name}"`]));
  // What has no contrast has nothing that it could be found by, or a mask could be of.
  const blank = images.found.flatMap(({ name, fingerprint }) =>
    fingerprint.length === 0 ? [[name, "no contrast: the image shows nothing"] as const] : [],
  );
  const facts = labels.map(({ facts }) => facts);
  const result = dropFor(gate(facts, settings), new Map([...blank, ...inTest]), settings);
  const kept = result.decisions.filter(({ weight }) => weight > 0);
  const record = { ...gateRecord(result, { settings: GateSettings.strip().parse(settings) }), leaks: leaked.map(leakRecord), clusters };
  await writeAtomic(join(out, "gate.json"), `${JSON.stringify(record, null, 1)}\n`);
  await writeAtomic(join(out, "decisions.csv"), csvText(decisionRows(worstFirst(result.decisions))));
  const { keep, weight, drop } = result.counts;
  return {
    gate: result,
    weights: new Map(kept.map(({ name, weight }) => [name, weight])),
    clusters,
    lines: [
      `of ${labels.length} pseudo-labels ${keep} are kept, ${weight} weighted and ${drop} dropped: ${join(out, "decisions.csv")}`,
      ...(testImages.length > 0 ? [`dropped as near-duplicates of ${countOf(tests.found.length, "test image")}: ${inTest.size}`] : []),
    ],
    warnings: tests.unread.map((message) => `not compared with the test set: ${message}`),
  };
}

/** A leak as plain data. */
const leakRecord = ({ a, b, distance, correlation, views, turn }: DuplicatePair) => {
  return { image: a.name, testImage: b.name, distance, correlation, views, turn };
};
export type LeakRecord = ReturnType<typeof leakRecord>;

async function fingerprints(
  images: readonly { readonly name: string; readonly file: string }[],
  { mode }: WeakPseudoLabelSettings,
  signal?: AbortSignal,
) {
  const found: FingerprintedImage[] = [];
  const unread: string[] = [];
  for (const { name, file } of images) {
    throwIfCancelled(signal);
    const decoded = await decodeImage(file, { mode }).catch((error: Error) => void unread.push(error.message));
    if (decoded) found.push({ name, fingerprint: fingerprint(decoded.image) });
  }
  return { found, unread };
}
