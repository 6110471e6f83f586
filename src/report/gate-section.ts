import {
  type Decision,
  type DuplicatePair,
  decisionRows,
  type GateDecision,
  type GateResult,
  masksBehindDefaults,
  masksUsedLine,
  worstFirst,
} from "../gate/index.ts";
import { escaped, table } from "./html.ts";

/** What the section shows beside the decisions. */
export interface GateSectionOptions {
  /** The picture of a pseudo-label, as a data URL or a path from the page; undefined: none. */
  readonly picture: (name: string) => string | undefined;
  /** Number of true masks that the settings were chosen on; default `masksBehindDefaults`. */
  readonly masksUsed?: number;
  /** Pictures of each decision, worst first; default 24, as a page with all images of a large set would not open. */
  readonly most?: number;
}

/** Decisions in the order of the section: what was left out is what a person should look at first. */
const decisions: readonly { readonly decision: Decision; readonly title: string; readonly words: string }[] = [
  { decision: "drop", title: "Dropped", words: "not used for training" },
  { decision: "weight", title: "Weighted", words: "used with a weight below 1" },
  { decision: "keep", title: "Kept", words: "used with full weight" },
];

/** The section about the gate in a report: how many pseudo-labels are kept, weighted and dropped, why, with pictures, worst first; and the whole table. */
export function gateSection(result: GateResult, options: GateSectionOptions): string {
  const { counts, error } = result;
  const { masksUsed = masksBehindDefaults } = options;
  const sorted = worstFirst(result.decisions);
  const total = result.decisions.length;
  return [
    "<section><h2>Quality of the pseudo-labels</h2>",
    `<p>Of ${total} pseudo-labels ${counts.keep} are kept, ${counts.weight} weighted and ${counts.drop} dropped.</p>`,
    `<p class="note">${usual(result)} ${masksUsedLine(masksUsed)}.</p>`,
    ...(error ? [`<p><strong>${escaped(error.message)}</strong></p>`] : []),
    ...decisions.flatMap(({ decision, title, words }) => {
      const some = sorted.filter((one) => one.decision === decision);
      if (some.length === 0) return [];
      return `<h2>${title}: ${some.length}</h2>\n<p class="note">${words}</p>${gallery(some, options)}`;
    }),
    "<h2>All decisions, worst first</h2>",
    `<div class="results">${table(decisionRows(sorted))}</div></section>`,
  ].join("\n");
}

function usual({ limits: { size, expectedParts } }: GateResult): string {
  const area =
    size === null
      ? "The set is too small to say which size is usual."
      : `The usual mask covers ${(100 * size.median).toFixed(1)} % of the image (robust standard deviation: a factor of ${Math.exp(size.logDeviation).toFixed(2)}).`;
  return `${area} Expected parts: ${expectedParts}.`;
}

function gallery(some: readonly GateDecision[], { picture, most = 24 }: GateSectionOptions): string {
  const shown = some.slice(0, most);
  if (shown.length === 0) return "";
  const more = some.length > most ? `\n<p class="note">and ${some.length - most} more: see the table</p>` : "";
  return `\n<div class="pictures">\n${shown.map((one) => figure(one, picture(one.name))).join("\n")}\n</div>${more}`;
}

function figure({ name, decision, weight, reasons }: GateDecision, source: string | undefined): string {
  const image =
    source === undefined ? "" : `<img src="${escaped(source)}" alt="${escaped(`${name} with its pseudo-label`)}" loading="lazy">`;
  const verdict = decision === "drop" ? "dropped" : `weight ${weight.toFixed(2)}`;
  return `<figure>${image}<figcaption>${escaped([`${name}: ${verdict}`, ...reasons].join("; "))}</figcaption></figure>`;
}

/** A near-duplicate of a test image in the training set, by names. */
export interface NamedLeak extends Omit<DuplicatePair, "a" | "b"> {
  readonly image: string;
  readonly testImage: string;
}

/** The section about near-duplicates between the images that are trained on and the test set, which are left out of the training. */
export function leakSection(leaks: readonly NamedLeak[]): string {
  const rows = leaks.map(({ image, testImage, distance, correlation, views, turn }) => {
    const how = views[0] === views[1] ? views[0] : `${views[0]} and ${views[1]}`;
    return [testImage, image, `${distance}`, correlation.toFixed(3), how, turn];
  });
  const found =
    rows.length === 0
      ? "<p>No image of the test set has a near-duplicate in the training set.</p>"
      : `<p><strong>Near-duplicates of test images: ${rows.length}</strong>. They are not trained on.</p>
<div class="results">${table([["test image", "training image", "distance (bits)", "correlation of detail", "alike in", "test image turned"], ...rows])}</div>`;
  return `<section><h2>Near-duplicates of the test set</h2>\n${found}</section>`;
}
