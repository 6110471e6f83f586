import { extname } from "node:path";
import { addTo } from "../../add-to.ts";
import { type LeftOut, leftOutWords } from "../../scans/left-out.ts";
import { countOf } from "../../scans/names.ts";
import type { AppliedWindow } from "../../scans/sources/window.ts";
import { alignedLines } from "../text-table.ts";
import type { GroupRecord } from "./group-record.ts";

/** What was found, a row a group. */
export function tableOf(groups: readonly GroupRecord[]): string[] {
  if (groups.length === 0) return ["no scans found"];
  const rows = groups.map((group) => [group.name, kindOf(group), `${group.columns} x ${group.rows}`, millimetres(group), seenAs(group)]);
  return alignedLines([["group", "frames", "pixels", "mm (row, column, slice)", "seen as"], ...rows]);
}

const planes: Readonly<Record<string, string>> = { S: "axial", I: "axial", A: "coronal", P: "coronal", L: "sagittal", R: "sagittal" };

function kindOf({ frames, volume, axisCodes }: GroupRecord): string {
  const plane = axisCodes === null ? "" : `${planes[axisCodes[2]!]} `;
  if (frames === 1) return `1 ${plane}image`;
  return volume ? `${frames} ${plane}slices` : `${frames} ${plane}images, no volume`;
}

function millimetres({ spacing, affineLps, volume }: GroupRecord): string {
  if (spacing === null) return "unknown";
  const step = volume && affineLps ? [Math.hypot(...affineLps.slice(0, 3).map((row) => row[2]!))] : [];
  return [...spacing, ...step].map((length) => Number(length.toPrecision(4))).join(" x ");
}

function seenAs({ window, inverted }: GroupRecord): string {
  return `${window === null ? "stored" : windowWords(window)}${inverted ? ", inverted" : ""}`;
}

/** Says in a few words which values are black and white. */
function windowWords(window: AppliedWindow): string {
  const short = (value: number) => Number(value.toPrecision(6));
  switch (window.kind) {
    case "lut":
      return "lookup table of the file";
    case "full":
      return `all ${window.bits} bits`;
    case "percentiles":
      return `${short(window.low)} to ${short(window.high)} (percentiles)`;
    default: {
      const whose = { window: "of the file", "default CT": "default of CT", asked: "asked for" }[window.kind];
      const form = window.function === "SIGMOID" ? "sigmoid" : "window";
      return `${form} ${short(window.center)}/${short(window.width)} (${whose})`;
    }
  }
}

/** An object that is no image, with what it is: "a structured report, not an image". */
interface OtherObject {
  readonly reason: string;
}

/** One line about the files that were passed over; undefined if there are none. @example "12 files skipped: 3 structured reports, 9 .txt" */
export function skippedLine(walked: readonly LeftOut[], objects: readonly OtherObject[]): string | undefined {
  const total = walked.length + objects.length;
  if (total === 0) return undefined;
  const kinds = new Map<string, string[]>();
  for (const { reason } of objects) addTo(kinds, reason.replace(/^an? /, "").replace(/,.*$/, ""), reason);
  const named = [...kinds].map(([noun, found]) => (/data$|\)$| of /.test(noun) ? `${found.length} ${noun}` : countOf(found.length, noun)));
  const endings = new Map<string, string[]>();
  const reasons = new Map<LeftOut["reason"], string[]>();
  for (const { file, reason } of walked) {
    if (reason === "other" && extname(file) !== "") addTo(endings, extname(file).toLowerCase(), file);
    else addTo(reasons, reason, file);
  }
  const other = [
    ...[...endings].map(([ending, found]) => `${found.length} ${ending}`),
    ...[...reasons].map(([reason, found]) => leftOutWords(reason, found.length)),
  ];
  return `${countOf(total, "file")} skipped: ${[...named, ...other].join(", ")}`;
}
