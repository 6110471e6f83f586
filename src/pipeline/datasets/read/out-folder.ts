import { existsSync } from "node:fs";
import { sep } from "node:path";
import { ConfigError } from "../../../errors.ts";
import { isTemporary } from "../../../files/atomic-write.ts";
import { realPath } from "../../../files/real-path.ts";
import { listed } from "../../../listed.ts";
import { isRecord } from "../../../scans/results-of-runs.ts";
import { folderFiles, isPrepared } from "./folder-files.ts";

/**
 * Refuses a folder of results whose files would be missed: it is passed over when the folder that it lies in is read.
 *
 * @param options.folder - the folder with the downloaded files
 * @param options.results - names of the files and folders of a result, beside its record
 * @throws ConfigError when it is that folder, or lies in it and holds files that are not results of this command
 */
export async function checkOutFolder(
  out: string,
  { folder, results }: { readonly folder: string; readonly results: readonly string[] },
): Promise<void> {
  const [place, source] = [await realPath(out), await realPath(folder)];
  if (place === source) throw new ConfigError(`--out: "${out}" is the folder with the downloaded files. Choose another one.`);
  if (!place.startsWith(source.endsWith(sep) ? source : source + sep) || !existsSync(place)) return;
  const names = (await isPrepared(place)) ? results : undefined;
  const isOwn = (path: string) => {
    const [top = ""] = path.split("/");
    return isTemporary(top) || (names !== undefined && (names.includes(top) || isRecord(path)));
  };
  const others = (await folderFiles(place)).paths.filter((path) => !isOwn(path));
  if (others.length === 0) return;
  throw new ConfigError(
    `--out: "${out}" lies in the folder with the downloaded files, and holds files that are not results of this command (${listed(others, 3)}): they would be passed over. Choose a new or empty folder, or one outside of "${folder}".`,
  );
}
