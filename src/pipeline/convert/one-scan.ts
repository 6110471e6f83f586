import { ConfigError, InputError } from "../../errors.ts";
import { findScanFiles } from "../../scans/find-scan-files.ts";
import type { Scan } from "../../scans/scan.ts";
import { scansOf } from "../../scans/scans-of.ts";
import type { SliceAxis } from "../../scans/sources/nifti/nifti.ts";

/**
 * The one scan that masks belong to.
 *
 * @param group - its name, where the source has several
 * @throws ConfigError when there are several and none is named, or none has the name
 * @throws InputError when there is none
 */
export async function oneScan(
  source: string,
  {
    group,
    axis = "axial",
    signal,
  }: { readonly group: string | undefined; readonly axis?: SliceAxis | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Scan> {
  const { files } = await findScanFiles([source]);
  const names = new Map(files.map(({ file, name }) => [file, name]));
  const { scans, leftOut } = await scansOf(
    files.map(({ file }) => file),
    { axis, signal, nameOf: (file) => names.get(file) ?? "image" },
  );
  const list = scans.map(({ name }) => name).join(", ");
  if (group !== undefined) {
    const found = scans.find(({ name }) => name === group);
    if (!found) throw new ConfigError(`--group "${group}": "${source}" has no group of that name. It has: ${list || "none"}.`);
    return found;
  }
  const [only, ...others] = scans;
  if (!only) throw new InputError(`no images in "${source}"${leftOut[0] ? `: ${leftOut[0].reason}` : ""}`);
  if (others.length > 0) throw new ConfigError(`"${source}" has ${scans.length} groups: ${list}. Choose one with --group.`);
  return only;
}
