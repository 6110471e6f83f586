import { join } from "node:path";
import { writeAtomic } from "../files/atomic-write.ts";
import { outlineColours } from "../pipeline/demo/outlines.ts";
import { type DemoFile, type DemoResult, pictureOf, readDemo, verdict } from "../pipeline/demo/record.ts";
import { escaped, page, table } from "./html.ts";

/**
 * Writes `index.html` of a demo's folder, from its `demo.json` and beside its pictures.
 *
 * @returns the file
 * @throws InputError when the folder holds no results of a demo
 */
export async function writeDemoPage(folder: string): Promise<string> {
  const file = join(folder, "index.html");
  await writeAtomic(file, demoPage(await readDemo(folder)));
  return file;
}

/** The page of a demo; its pictures are linked by their paths below the folder. */
export function demoPage({ notice, notices, pack, attribution, scans }: DemoFile): string {
  const rows = scans.map((scan) => [scan.title, `“${scan.prompt}”`, verdict(scan)]);
  const body = [
    "<h1>Demo of medclip-sam</h1>",
    `<p>Each scan was segmented by the models of the pack “${escaped(pack)}”, which found the mask from the text prompt alone.</p>`,
    ...[notice, ...notices].map((text) => `<p class="note">${escaped(text)}</p>`),
    `<div class="results">${table([["scan", "text prompt", "DSC"], ...rows])}</div>`,
    `<p class="note">${explained(scans)}</p>`,
    legend,
    ...scans.map(section),
    ...(attribution === undefined
      ? []
      : [`<p class="note"><a href="${escaped(attribution)}">Where the scans come from, and their licences</a></p>`]),
  ];
  return page("Demo of medclip-sam", body.join("\n"));
}

function explained(scans: readonly DemoResult[]): string {
  const dsc = "DSC (Dice similarity coefficient): 1 where the mask is the ground truth, 0 where they share no pixel.";
  const isAnyAbsent = scans.some(({ truthAreaPx }) => truthAreaPx === 0);
  return isAnyAbsent ? `${dsc} If the scan does not show what the text prompt asks for, having no mask is correct.` : dsc;
}

const swatch = (colour: readonly number[], name: string): string => `<span><i style="background:rgb(${colour})"></i>${name}</span>`;

const legend = `<p class="legend">${swatch(outlineColours.mask, "outline of the mask")}${swatch(outlineColours.truth, "outline of the ground truth")}
<span>In the middle picture: colour is the saliency map, dashes are the coarse mask, yellow is the box given to SAM.</span></p>`;

function section(scan: DemoResult): string {
  const { name, title, prompt, image, credit, truthAreaPx, areaPx } = scan;
  const figure = (file: string, alt: string, caption: string) =>
    `<figure><img src="${escaped(file)}" alt="${escaped(alt)}"><figcaption>${caption}</figcaption></figure>`;
  const shown =
    truthAreaPx > 0 ? `${title} with the outlines of mask and ground truth, DSC ${verdict(scan)}` : `${title}, ${verdict(scan)}`;
  const found = [
    figure(
      pictureOf("overlay", name),
      `${title} with the saliency map for “${prompt}” and the mask made from it`,
      "how the mask was found",
    ),
    figure(pictureOf("outlines", name), shown, "mask and ground truth"),
  ];
  const result = truthAreaPx > 0 && areaPx !== null ? `DSC ${verdict(scan)}` : verdict(scan);
  return `<section><h2>${escaped(title)}: “${escaped(prompt)}”</h2>
<p>${escaped(result)}</p>
<div class="pictures">${figure(image, title, "the scan")}${areaPx === null ? "" : found.join("")}</div>${
    credit === undefined ? "" : `\n<p class="note">${escaped(credit)}</p>`
  }</section>`;
}
