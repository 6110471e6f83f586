import { existsSync } from "node:fs";
import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../errors.ts";
import { remove, writeAtomic } from "../../files/atomic-write.ts";
import { keysOf } from "../../keys-of.ts";
import { promptReport, promptReportIn } from "../../scans/results-of-runs.ts";
import { version } from "../../version.ts";
import { promptReportFile } from "./record.ts";
import { promptKinds } from "./wordings.ts";

const picture = new RegExp(`^(${keysOf(promptKinds).join("|")})(-\\d+)?\\.png$`);

const picturesOf = (folder: string): string => join(folder, promptReport.pictures);

/** @throws ConfigError when a folder holds a report, and it is not to be replaced; or pictures that are of no report */
export async function requireFolderForReport(folder: string, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
  const found = await promptReportIn(folder);
  const file = promptReportFile(folder);
  if (!overwrite && found !== "unfinished" && existsSync(file))
    throw new ConfigError(`"${file}" already exists. Choose another --out, or pass --overwrite to replace the report.`);
  if (found === undefined && existsSync(picturesOf(folder)))
    throw new ConfigError(`"${picturesOf(folder)}" exists and is of no prompt report, whose pictures go there. Choose another --out.`);
}

/** Marks a folder as that of a report, so that no run takes its pictures for images, and removes the pictures of an earlier report. */
export async function beginReport(folder: string): Promise<void> {
  await writeAtomic(promptReportFile(folder), `${JSON.stringify({ version, unfinished: true })}\n`);
  const entries = await readdir(picturesOf(folder), { withFileTypes: true, recursive: true }).catch(() => []);
  const paths = (of: typeof entries) => of.map(({ parentPath, name }) => join(parentPath, name));
  await remove(paths(entries.filter((entry) => entry.isFile() && picture.test(entry.name))));
  // Inner folders first; one that holds something else stays.
  const folders = paths(entries.filter((entry) => entry.isDirectory())).sort((a, b) => b.length - a.length);
  for (const own of folders) await rmdir(own).catch(() => undefined);
}

/** Where a report has its picture of an image with a text prompt, below its folder. @param id - of the text prompt */
export const pictureFile = (image: string, id: string): string => `${promptReport.pictures}/${image}/${id}.png`;
