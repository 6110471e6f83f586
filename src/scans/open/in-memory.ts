import { z } from "zod";
import { checkedOptions } from "../../check/options.ts";
import { checkedFile } from "../../check/paths.ts";
import { checkedList } from "../../check/prompts.ts";
import { InputError } from "../../errors.ts";
import { filesInMemory } from "../files-in-memory.ts";
import { type FoundScans, scansIn } from "../scans-in.ts";
import type { NamedBytes } from "../sources/image-source.ts";
import { sliceAxes } from "../sources/nifti/nifti.ts";

export const OpenScansOptions = z.strictObject({
  axis: z
    .enum(sliceAxes)
    .default("axial")
    .describe("Along which axis NIfTI volumes are cut into slices; `stored`: the third axis of the file"),
  signal: z.instanceof(AbortSignal).optional().describe("Cancels the call"),
});
export type OpenScansOptions = z.input<typeof OpenScansOptions>;

/**
 * The scans of some files from their contents: DICOM files grouped into series, in slice order by their positions in the patient, with geometry
 * from their headers; and NIfTI volumes cut into slices. Formats are known by first bytes. Frames are decoded when they are read.
 *
 * Pictures (PNG, JPEG, ...) are left out: let the browser decode them, and make an image of their pixels with `rgbImage`.
 *
 * @param contents - the files; names serve messages, and both files of an .hdr/.img pair find each other by them. No two may be equal
 * @returns the scans, and the files that are none with the reason
 * @throws InputError when the contents are no list of { name, bytes }, or two have one name
 * @throws ConfigError for options that are unknown or wrong
 * @example
 * const { scans } = await openScans(await Promise.all(files.map(async (file) => ({ name: file.name, bytes: await file.bytes() }))));
 * const { image } = await (await scans[0].read(0)).display({ window: { center: -600, width: 1500 } }); // RGB [H, W, 3], 0 to 255
 */
export async function openScans(contents: readonly NamedBytes[], options: OpenScansOptions = {}): Promise<FoundScans> {
  const checked = checkedOptions(OpenScansOptions, options, "openScans");
  const given = checkedList(contents, "openScans", "contents", (content, name) => {
    const file = checkedFile<NamedBytes>(content, `openScans: ${name}`);
    if (typeof file !== "string") return file;
    throw new InputError(
      `openScans: ${name} is the path "${file}"; browsers cannot read files by path. Fetch it and pass { name, bytes }.`,
    );
  });
  const names = given.map(({ name }) => name);
  return await scansIn(withoutVoxelFiles(names), { files: filesInMemory(given) }, checked);
}

/** Names of files without the .img files of pairs, which are read with their headers. */
export function withoutVoxelFiles(names: readonly string[]): string[] {
  const stems = new Set(names.flatMap((name) => /^(.+)\.hdr(\.gz)?$/i.exec(name)?.[1] ?? []));
  return names.filter((name) => !stems.has(/^(.+)\.img(\.gz)?$/i.exec(name)?.[1] ?? ""));
}
