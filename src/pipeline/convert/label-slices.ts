import { InputError } from "../../errors.ts";
import { rasOf } from "../../scans/affine.ts";
import { axisCodes, planes, reorder } from "../../scans/axes.ts";
import { filesOnDisk } from "../../scans/files-on-disk.ts";
import type { Scan } from "../../scans/scan.ts";
import { isDicomScan } from "../../scans/scan-kinds.ts";
import { readNifti } from "../../scans/sources/nifti/read-nifti.ts";
import { type FramesOfFile, type ReadOptions, refusePlane } from "./frames-of-file.ts";
import { oneScan } from "./one-scan.ts";

/** Most labels that become masks of their own. */
const mostLabels = 255;

/**
 * The labels of a NIfTI file, slice by slice: in the order of a source, if it is given, else along the chosen axis as `inspect` shows them. A
 * file of one label has one structure; of several each is named by its value, or by the names given.
 *
 * @throws InputError when its values are no labels, or its grid is not that of the source
 */
export async function labelSlices(
  content: { readonly name: string; readonly bytes: Uint8Array },
  options: ReadOptions,
): Promise<FramesOfFile> {
  const { shape, position, volume } = await readNifti(content, filesOnDisk);
  const scan = options.source === undefined ? undefined : await oneScan(options.source, { ...options, group: options.group });
  if (scan && isDicomScan(scan)) refusePlane(options);
  const own = axisCodes(position.placement);
  const to = scan ? codesOf(scan) : options.axis === "stored" ? own : planes[options.axis ?? "axial"];
  const values = volume(0).data;
  const labels = labelsIn(values, content.name);
  const stack = reorder({ shape, data: Uint8Array.from(values, (value) => labels.indexOf(value) + 1) }, own, to);
  const [width, height, count] = stack.shape;
  if (scan && (width !== scan.columns || height !== scan.rows || count !== scan.frames.length))
    throw new InputError(
      `"${content.name}" has ${width} x ${height} x ${count} voxels, its source ${scan.columns} x ${scan.rows} x ${scan.frames.length}. Give the images that it was made from.`,
    );
  const size = width * height;
  const names = labels.length === 1 && options.targets.length === 0 ? ["mask"] : labels.map(String);
  return {
    count,
    structures: labels.map((_, i) => ({
      label: names[i]!,
      pictureOf: async (frame) => ({
        width,
        height,
        data: stack.data.subarray(frame * size, (frame + 1) * size).map((own) => (own === i + 1 ? 255 : 0)),
      }),
    })),
    warnings: position.warnings,
  };
}

function codesOf(scan: Scan) {
  return scan.axisCodes ?? (scan.affine ? axisCodes({ affine: rasOf(scan.affine) }) : planes.axial);
}

/** The values other than 0, from small to large; a file of zeros has one label. */
function labelsIn(values: ArrayLike<number>, name: string): number[] {
  const found = new Set<number>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== 0) found.add(value);
    if (found.size > mostLabels || !Number.isInteger(value))
      throw new InputError(
        `"${name}" is no NIfTI file of labels: ${Number.isInteger(value) ? `it has more than ${mostLabels} values` : `it has values such as ${value}`}.`,
      );
  }
  return found.size === 0 ? [1] : [...found].sort((a, b) => a - b);
}
