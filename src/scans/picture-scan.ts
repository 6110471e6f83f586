import type { FileAccess } from "./file-access.ts";
import type { LastFile } from "./last-file.ts";
import type { Scan } from "./scan.ts";
import { openRaster } from "./sources/raster.ts";

/**
 * A picture as a scan, whose frames are the pages of its file. The first one is decoded to learn its size.
 *
 * @throws InputError when it is damaged, too large, or in no format that is read
 */
export async function pictureScan(
  file: string,
  { name, files, last }: { readonly name: string; readonly files: Pick<FileAccess, "content">; readonly last: LastFile },
): Promise<Scan> {
  const open = () => last.open(file, async () => await openRaster(await files.content(file)));
  const { frames, read } = await open();
  const { pixels } = await read(0);
  return {
    name,
    source: "raster",
    frames: Array.from({ length: frames }, (_, index) => ({ file, ...(frames > 1 && { number: index + 1 }) })),
    rows: pixels.height,
    columns: pixels.width,
    spacing: undefined,
    spacingSource: undefined,
    isVolume: false,
    affine: undefined,
    warnings: [],
    read: async (index) => await (await open()).read(index),
  };
}
