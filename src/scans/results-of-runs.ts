import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The record of a run in its output folder, and its journal while it is running. */
const [record, journal] = ["run.json", "run.journal.jsonl"];

/** Whether a file name can be that of a record or journal. */
export function isRecord(name: string): boolean {
  return name === record || name === journal;
}

/** Sub-folders for images, arrays and objects of runs; those of one of several targets, or of a structure, end in its name. */
const resultFolder =
  /^((saliency|coarse|slices|masks|probabilities|raw)(_.+)?|labels|overlay|dicom-seg|rtstruct|sr|secondary-capture|nifti)$/;

/** Whether a sub-folder of an output folder contains results. */
export function isResultFolder(name: string): boolean {
  return resultFolder.test(name);
}

/** Whether a folder is the output of a run: it contains a record or journal of the images written by a command. */
export async function isRunFolder(folder: string): Promise<boolean> {
  // A file that cannot be parsed is an unrelated file with that name.
  const { command, images } = await contentOf(() => readFile(join(folder, record), "utf8"));
  if (typeof command === "string" && Array.isArray(images)) return true;
  const { journal: version, of } = await contentOf(() => firstLine(join(folder, journal)));
  return typeof version === "number" && typeof of === "string";
}

/** The file of a prompt report in its folder, and the folder of its pictures, which show images with maps and masks. */
export const promptReport = { file: "prompt-report.json", pictures: "pictures" } as const;

/** Whether a folder holds a prompt report, and whether that is finished. */
export async function promptReportIn(folder: string): Promise<"finished" | "unfinished" | undefined> {
  const { version, verdict, unfinished } = await contentOf(() => readFile(join(folder, promptReport.file), "utf8"));
  if (typeof version !== "string") return undefined;
  if (unfinished === true) return "unfinished";
  return typeof verdict === "object" ? "finished" : undefined;
}

async function contentOf(read: () => Promise<string>): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(await read()) ?? {};
  } catch {
    return {};
  }
}

/** A journal may be long. */
async function firstLine(file: string): Promise<string> {
  const stream = createReadStream(file, "utf8");
  try {
    for await (const line of createInterface({ input: stream })) return line;
    return "";
  } finally {
    stream.destroy();
  }
}
