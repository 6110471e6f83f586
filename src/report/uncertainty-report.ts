import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../files/atomic-write.ts";
import type { Image, Mask } from "../image/index.ts";
import { labelEndings } from "../nnunet/index.ts";
import { outlineColours } from "../pipeline/demo/outlines.ts";
import { failureRows, riskTitles, type UncertaintyEvaluation } from "../pipeline/weak/uncertainty/evaluation.ts";
import { filesOf, readUncertainty, type UncertaintyResults } from "../pipeline/weak/uncertainty/results.ts";
import { WeakUncertaintySettings } from "../pipeline/weak/uncertainty/settings.ts";
import { commandLine } from "../run/settings/command-line.ts";
import { decodeImage } from "../scans/decode-image.ts";
import { readChannels } from "../scans/read-channels.ts";
import { readLabels } from "../scans/read-labels.ts";
import { figure } from "./_figure.ts";
import { escaped, page, table } from "./html.ts";
import { dataUrl, outlined } from "./picture.ts";
import { reliabilityChart, riskCoverageChart } from "./uncertainty-charts.ts";

/** Images of the review list that are shown with pictures: a page with all images of a large set would not open. */
const most = 24;

/** Writes `report.html` of a folder of `weak uncertainty`: calibration, failure detection, and the review list with pictures. @returns the file */
export async function writeUncertaintyReport(out: string): Promise<string> {
  const { header } = await readUncertainty(out);
  const { command, settings, versions } = header;
  const repeated = commandLine({ command, version: versions["medclip-sam"]! }, WeakUncertaintySettings, settings);
  const body = [
    "<h1>Ensemble and its uncertainty</h1>",
    '<p class="note">Research use only; not a medical device.</p>',
    await uncertaintySections(out),
    `<section><h2>Repeat</h2>\n<p><code>${escaped(repeated)}</code></p>`,
    `<p class="note">${escaped(
      Object.entries({ ...versions })
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    )}</p></section>`,
  ];
  const file = join(out, "report.html");
  await writeAtomic(file, page("Ensemble and its uncertainty", body.join("\n")));
  return file;
}

/** Pictures of an image as data URLs. */
export interface UncertaintyPictures {
  /** The image with the outline of its mask. */
  readonly mask: string;
  /** Its entropy: white where nothing is known. */
  readonly entropy: string;
}

/** The sections about an ensemble in a report: reliability, failure detection, and the review list, worst first. */
export async function uncertaintySections(out: string): Promise<string> {
  const results = await readUncertainty(out);
  const pictures = new Map<string, UncertaintyPictures>();
  for (const { item } of results.review.slice(0, most)) {
    const found = await picturesOf(out, item, results.header.settings.labels);
    if (found) pictures.set(item.name, found);
  }
  return sectionsOf(results, pictures);
}

/** The sections from data. @param pictures - by name of the image */
export function sectionsOf(results: UncertaintyResults, pictures: ReadonlyMap<string, UncertaintyPictures>): string {
  const { header, calibration, evaluation, review } = results;
  const members = Object.keys(header.weights).length;
  const { masksUsed } = calibration;
  return [
    "<section><h2>Ensemble</h2>",
    `<p>${review.length} images, each segmented by ${members} networks or mirrored copies. ${masksUsed} masks used: settings were chosen on ${masksUsed === 0 ? "no" : masksUsed} true masks.</p>`,
    `<p class="note">${fitted(results)}</p></section>`,
    ...(evaluation ? [evaluationSection(evaluation)] : []),
    "<section><h2>Review list</h2>",
    `<p class="note">The images in the order in which a person should look at them: those first on which the members agree least (mean DSC over pairs of members). Beside each mask its entropy map: white is a pixel of which nothing is known.${evaluation ? legend : ""}</p>`,
    gallery(review, pictures),
    `<div class="results">${table(reviewRows(review))}</div></section>`,
  ].join("\n");
}

const legend = ` Outlines: <span style="color:rgb(${outlineColours.mask})">the mask</span>, <span style="color:rgb(${outlineColours.truth})">the true one</span>.`;

function fitted({ calibration: { temperature, dscRange } }: UncertaintyResults): string {
  if (!temperature) return "No validation images: no temperature was fitted, and no range of the DSC is known.";
  const { isTooSmall, coverage, images, needed, margin } = dscRange ?? {};
  const range = !dscRange
    ? "An ensemble of one member has no range of the DSC."
    : isTooSmall
      ? `No range of the DSC: a coverage of ${coverage} needs ${2 * needed!} validation images.`
      : `The DSC of at least ${100 * coverage!} % of new images from the same source lies within ${margin!.toFixed(3)} of what is expected (measured on ${images} images; it holds for images that are as independent as these, such as one of each patient).`;
  return `Temperature ${temperature.temperature.toFixed(3)}, fitted on ${temperature.pixels} pixels; it changes no label map and no entropy. ${range}`;
}

function evaluationSection(evaluation: UncertaintyEvaluation): string {
  const { images, means, reliability, failureDetection } = evaluation;
  const charts = [
    ...(reliability
      ? [reliabilityChart({ "as predicted": reliability.before, ...(reliability.after && { "with temperature": reliability.after }) })]
      : []),
    ...(["dsc", "nsd", "surfaceNsd"] as const).map((risk) => riskCoverageChart(failureDetection[risk], { risk: riskTitles[risk] })),
  ];
  const rows = reliability && [
    ["probabilities", "calibration error", "Brier score", "negative log-likelihood"],
    ...(["before", "after"] as const).flatMap((when) => {
      const one = reliability[when];
      const title = when === "before" ? "as predicted" : "with temperature";
      return one ? [[title, one.ece.toFixed(4), one.brier.toFixed(4), one.nll.toFixed(4)]] : [];
    }),
  ];
  const mean = (name: string, value: number) => `${name} ${value.toFixed(3)}`;
  return [
    `<section><h2>Against ${images} true label maps</h2>`,
    `<p>${[mean("DSC", means.dsc), mean("NSD", means.nsd), mean("surface NSD", means.surfaceNsd)].join(", ")} on average.</p>`,
    `<div class="charts">\n${charts.map(figure).join("\n")}\n</div>`,
    ...(reliability && rows
      ? [
          "<h2>Can the probabilities be believed?</h2>",
          table(rows),
          `<p class="note">Over the ${reliability.before.pixels} pixels within ${reliability.radiusPx} px of the true foreground; 0 is best.</p>`,
        ]
      : []),
    "<h2>Does a score find the failures?</h2>",
    table(failureRows(evaluation)),
    `<p class="note">AURC: mean risk of the accepted images over all shares of images that may be accepted; above the best order: by how much it exceeds that of an order by the risk itself; AUGRC: the same of the generalised risk. Lower is better.</p></section>`,
  ].join("\n");
}

type Review = UncertaintyResults["review"];

function gallery(review: Review, pictures: ReadonlyMap<string, UncertaintyPictures>): string {
  const shown = review.slice(0, most).flatMap(({ item, rank }) => {
    const found = pictures.get(item.name);
    return found ? [pair(item, rank, found)] : [];
  });
  if (shown.length === 0) return "";
  const more = review.length > shown.length ? `\n<p class="note">and ${review.length - shown.length} more: see the table</p>` : "";
  return `<div class="pairs">\n${shown.join("\n")}\n</div>${more}`;
}

function pair(item: Review[number]["item"], rank: number, { mask, entropy }: UncertaintyPictures): string {
  const { name, scores, dscRange, truth } = item;
  const words = [
    scores.pairwiseDice === null ? "one member" : `members agree by ${scores.pairwiseDice.toFixed(3)}`,
    ...(dscRange ? [`expected DSC ${dscRange.predicted.toFixed(2)} (${dscRange.low.toFixed(2)} to ${dscRange.high.toFixed(2)})`] : []),
    ...(truth ? [`DSC ${truth.dsc.toFixed(3)}`] : []),
  ];
  const image = (source: string, what: string) => `<img src="${escaped(source)}" alt="${escaped(`${name}: ${what}`)}" loading="lazy">`;
  const images = [image(mask, "outline of the mask"), image(entropy, "entropy map")];
  return `<figure><div>${images.join("")}</div><figcaption>${escaped(`${rank}. ${name}: ${words.join("; ")}`)}</figcaption></figure>`;
}

function reviewRows(review: Review): string[][] {
  const text = (value: number | null | undefined): string => (value === null || value === undefined ? "" : value.toFixed(3));
  const head = [
    "image",
    "rank",
    "pairwise DSC",
    "entropy in the mask (bits)",
    "area (px)",
    "expected DSC",
    "at least",
    "at most",
    "DSC",
    "NSD",
    "surface NSD",
  ];
  const rows = review.map(({ item: { name, areaPx, scores, dscRange, truth }, rank }) => {
    const numbers = [dscRange?.predicted, dscRange?.low, dscRange?.high, truth?.dsc, truth?.nsd, truth?.surfaceNsd];
    return [name, `${rank}`, text(scores.pairwiseDice), text(scores.foregroundEntropy), `${areaPx}`, ...numbers.map(text)];
  });
  const used = head.map((_, column) => rows.some((row) => row[column] !== ""));
  return [head, ...rows].map((row) => row.filter((_, column) => used[column]));
}

/** Undefined where a file is no longer there: the page is then without the picture. */
async function picturesOf(
  out: string,
  { name, file }: Review[number]["item"],
  trueLabels: unknown,
): Promise<UncertaintyPictures | undefined> {
  const labelsIn = (folder: string) => labelEndings.map((ending) => join(folder, name + ending)).find(existsSync);
  const [labels, entropy] = [labelsIn(out), filesOf(out).entropyPicture(name)];
  if (labels === undefined || !existsSync(file) || !existsSync(entropy)) return undefined;
  const { image } = await decodeImage(file);
  const truth = typeof trueLabels === "string" ? labelsIn(trueLabels) : undefined;
  const outlines = await outlined(image, await foregroundOf(labels), truth === undefined ? undefined : await foregroundOf(truth));
  return { mask: outlines, entropy: await dataUrl(await grayOf(entropy)) };
}

async function foregroundOf(file: string): Promise<Mask> {
  const { width, height, data } = (await readLabels(file)).labels;
  return { width, height, data: Uint8Array.from(data, (label) => (label > 0 ? 1 : 0)) };
}

/** A picture of 16 bits in gray. */
async function grayOf(file: string): Promise<Image> {
  const { width, height, data } = await readChannels(file);
  return { width, height, data: Uint8Array.from({ length: 3 * data.length }, (_, i) => Math.round(data[Math.floor(i / 3)]! / 257)) };
}
