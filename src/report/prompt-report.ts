import { join } from "node:path";
import { writeAtomic } from "../files/atomic-write.ts";
import { type PromptReportFile, readPromptReport } from "../pipeline/prompt-report/record.ts";
import { PromptReportSettings } from "../pipeline/prompt-report/settings.ts";
import { promptKinds } from "../pipeline/prompt-report/wordings.ts";
import { commandLine } from "../run/settings/command-line.ts";
import { escaped, page, table } from "./html.ts";

const title = "Does the model read the sentence?";

/** Writes `index.html` of a prompt report, beside its pictures. @returns the file */
export async function writePromptReportPage(folder: string): Promise<string> {
  const file = join(folder, "index.html");
  await writeAtomic(file, promptReportPage(await readPromptReport(folder)));
  return file;
}

/** The page of a prompt report; its pictures are linked by their paths below the folder. */
export function promptReportPage({
  version,
  settings,
  target,
  notices,
  verdict,
  prompts,
  kinds,
  images,
  failed,
}: PromptReportFile): string {
  const shown = images.filter(({ pictures }) => pictures !== undefined);
  const repeated = commandLine({ command: "prompt-report", version }, PromptReportSettings, settings, "inputs");
  const body = [
    `<h1>${title}</h1>`,
    ...["Research use only; not a medical device.", ...notices].map((text) => `<p class="note">${escaped(text)}</p>`),
    `<p>Text prompt: “${escaped(target)}”, on ${images.length === 1 ? "1 image" : `${images.length} images`}.</p>`,
    `<p><strong>${escaped(verdict.sentence)}</strong></p>`,
    `<p class="note">${escaped(verdict.rule)}</p>`,
    `<section><h2>Kinds of prompts</h2>\n<div class="results">${table(kindRows(kinds))}</div>\n<p class="note">${explained}</p></section>`,
    `<section><h2>All prompts</h2>\n<div class="results">${table(promptRows(prompts))}</div></section>`,
    ...shown.map((image) => pictures(image, prompts)),
    ...(failed.length > 0
      ? [
          `<section><h2>Images that failed</h2>\n${table([["image", "reason"], ...failed.map(({ name, message }) => [name, message])])}</section>`,
        ]
      : []),
    `<section><h2>Repeat</h2>\n<p><code>${escaped(repeated)}</code></p></section>`,
  ];
  return page(title, body.join("\n"));
}

const explained =
  "Compared with the right prompt on the same image, means over images and prompts: correlation and rank correlation of the maps (values per patch), intersection over union of the masks, and the margin, the cosine similarity of image and right text minus that of image and this text.";

type Means = PromptReportFile["kinds"][string];

const number = ({ mean }: Means["iou"]): string => (mean === null ? "-" : mean.toFixed(3));
const columns = ["correlation", "rank correlation", "IoU", "margin"];
const cells = (means: Means | undefined): string[] =>
  means ? [means.pearson, means.rank, means.iou, means.margin].map(number) : columns.map(() => "");

function kindRows(kinds: PromptReportFile["kinds"]): string[][] {
  const words: Readonly<Record<string, string>> = promptKinds;
  return [
    ["prompts", "what they are", ...columns],
    ...Object.entries(kinds).map(([kind, means]) => [kind, words[kind] ?? "", ...cells(means)]),
  ];
}

function promptRows(prompts: PromptReportFile["prompts"]): string[][] {
  const rows = Object.entries(prompts).map(([id, { text, score, emptyMasks, compared }]) => [
    id,
    text,
    score === null ? "-" : score.toFixed(3),
    String(emptyMasks),
    ...cells(compared),
  ]);
  return [["prompt", "text", "cosine", "empty masks", ...columns], ...rows];
}

/** A path as a relative address; names of images may hold "#" and "?". */
const addressOf = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** Maps and masks of an image, prompt by prompt. */
function pictures({ name, pictures = {}, compared }: PromptReportFile["images"][number], prompts: PromptReportFile["prompts"]): string {
  const figures = Object.entries(pictures).map(([id, file]) => {
    const text = prompts[id]?.text ?? id;
    const alike = compared[id]?.pearson;
    const numbers = alike === undefined || alike === null ? "" : `, correlation ${alike.toFixed(2)}`;
    return `<figure><img src="${escaped(addressOf(file))}" alt="${escaped(`map and mask of “${text}”`)}" loading="lazy"><figcaption>${escaped(`${id}${numbers}: “${text}”`)}</figcaption></figure>`;
  });
  return `<section><h2>${escaped(name)}</h2>\n<div class="pictures">${figures.join("\n")}</div></section>`;
}
