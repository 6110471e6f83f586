import type { Pack } from "../../hub/pack.ts";
import { fewestForInterval, intervalText } from "../../metrics/index.ts";
import { alignedLines } from "../text-table.ts";
import { fewHeldOut } from "./images.ts";
import { gainOf, type MeanScore, type PackScores } from "./measure.ts";
import type { AdaptSettings } from "./settings.ts";

/** The measurements before and after. */
export interface Measured {
  readonly before: PackScores;
  readonly after: PackScores;
}

/** What came of an adaptation, for its model card. */
export interface AdaptOutcome {
  readonly pack: Pack;
  readonly settings: AdaptSettings;
  readonly train: number;
  readonly heldOut: number;
  /** Steps of the CLIP model. */
  readonly clipSteps: number;
  /** Undefined where nothing was held out. */
  readonly measured: Measured | undefined;
  /** The notice of the adapted pack. */
  readonly notice: string;
}

/** Before, after and gain of each measure; undefined for none. */
export function resultRows({ before, after }: Measured, seed: number): string[][] {
  const rows = (["dsc", "surfaceNsd"] as const).flatMap((metric) => {
    const found = gainOf(before, after, metric, seed);
    if (!found) return [];
    return [
      [metric === "dsc" ? "DSC" : "NSD of contours, 2 px", scoreText(found.before), scoreText(found.after), scoreText(found.gain, true)],
    ];
  });
  const empty = ({ images }: PackScores) => `${images.filter(({ isEmpty }) => isEmpty).length} of ${images.length}`;
  const share = ({ asked, empty }: PackScores["absent"]) => `${empty} of ${asked}`;
  const { images, withoutTarget, absent } = after;
  return [
    ["", "before", "after", "gain"],
    ...rows,
    ...(images.length > 0 ? [["target there: no mask", empty(before), empty(after), ""]] : []),
    ...(withoutTarget.asked > 0 ? [["target not there: no mask", share(before.withoutTarget), share(withoutTarget), ""]] : []),
    ...(absent.asked > 0 ? [["asked for something else: no mask", share(before.absent), share(absent), ""]] : []),
  ];
}

/** "0.712 (0.650 to 0.770)", or "0.712 (-)" of too few images */
function scoreText({ mean, n, ci95 }: MeanScore, isSigned = false): string {
  const number = (value: number) => `${isSigned && value >= 0 ? "+" : ""}${value.toFixed(3)}`;
  return `${number(mean)} (${intervalText(ci95, n, number)})`;
}

/** What is printed at the end. */
export function resultLines({ measured, heldOut, settings, notice }: AdaptOutcome): string[] {
  const { out, prompt, seed } = settings;
  const asked = prompt.map((text) => `--prompt ${JSON.stringify(text)}`).join(" ");
  return [
    ...(measured
      ? [`on ${heldOut} held-out images: means, 95 % intervals`, ...alignedLines(resultRows(measured, seed)), ...verdicts(measured, seed)]
      : ["no image was held out, so nothing was measured"]),
    "",
    `pack   ${out}`,
    `use    medclip-sam segment IMAGES ${asked} --pack ${out} --out DIR`,
    "",
    notice,
  ];
}

/** What the numbers mean where they are not a plain gain. */
function verdicts({ before, after }: Measured, seed: number): string[] {
  const found = gainOf(before, after, "dsc", seed);
  const lines: string[] = [];
  if (found && found.gain.n < fewestForInterval)
    lines.push(`fewer than ${fewestForInterval} held-out images with the target do not show whether the masks are better`);
  else if (found && found.gain.ci95[1] <= 0) lines.push("adapting made the masks worse: keep the pack that you had, or give more images");
  else if (found && found.gain.ci95[0] <= 0)
    lines.push("these images do not show that the masks are better: the interval of the gain includes 0");
  const isWorse = (was: PackScores["absent"], is: PackScores["absent"]) =>
    is.asked > 0 && is.empty / is.asked < was.empty / was.asked - 0.1;
  if (isWorse(before.absent, after.absent) || isWorse(before.withoutTarget, after.withoutTarget))
    lines.push("the adapted pack more often finds something that is not there: --absent TEXT names what it must not find");
  return lines;
}

/**
 * The model card, in Markdown. It names no file of the user.
 *
 * @param origins - names of the model cards of the packs it descends from, beside the card
 */
export function cardText(
  { pack, settings, train, heldOut, clipSteps, measured, notice }: AdaptOutcome,
  origins: readonly string[],
): string {
  const { prompt, absent, seed, augment, clipLr, samSteps, samLr, validation } = settings;
  const isOther = settings.heldOut !== undefined;
  const quoted = (texts: readonly string[]) => texts.map((text) => `"${text}"`).join(", ");
  const table = ([head, ...rows]: string[][]) =>
    [head!, head!.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const parts = [
    "# An adapted pack",
    `Made by \`medclip-sam adapt\` from the pack "${pack.name}" and ${train} images of its user, with outlines of one target: ${quoted(prompt)}.`,
    `**${notice[0]!.toUpperCase()}${notice.slice(1)}**`,
    "## Measured",
    ...(measured
      ? [
          `On ${heldOut} images ${isOther ? "of another folder or table of the same user" : `of the same user that were held out (${Math.round(100 * validation)} % of all, seed ${seed})`}; means with 95 % bootstrap intervals. Before: the pack "${pack.name}".`,
          table(resultRows(measured, seed)),
          ...(heldOut < fewHeldOut ? ["So few images say little."] : []),
          ...verdicts(measured, seed).map((line) => `${line[0]!.toUpperCase()}${line.slice(1)}.`),
        ]
      : ["Nothing: no image was held out."]),
    "Images of another scanner, place or kind of patient may give other results. Nothing was measured on them.",
    "## Training",
    [
      `- CLIP: ${clipSteps} steps of 16 images, learning rate ${clipLr}; region, dense and Dice loss on the outlines; absent: everyday things${absent.length > 0 ? `, ${quoted(absent)}` : ""}.`,
      `- SAM: ${samSteps} steps of 8 images with 4 prompts, learning rate ${samLr}; boxes and mask prompts from the outlines and from the coarse masks of the adapted CLIP.`,
      `- Augmentation: ${augment}. Seed: ${seed}. All settings are in \`adapt.json\`.`,
    ].join("\n"),
    "## Limits",
    [
      `- It was adapted to one target. What else the pack "${pack.name}" finds was not trained on, and may have become worse.`,
      "- Research use only; not a medical device.",
    ].join("\n"),
    "## Origin",
    `It descends from the pack "${pack.name}"${origins.length > 0 ? `, whose data, licence and credits its model card tells: ${origins.map((name) => `[${name}](${name})`).join(", ")}` : ""}. What the images of the user allow is for the user to know.`,
  ];
  return `${parts.join("\n\n")}\n`;
}
