import { join } from "node:path";
import { gzipped } from "#gzip";
import { ConfigError, InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import type { Scan } from "../scans/scan.ts";
import { isDicomScan } from "../scans/scan-kinds.ts";
import { titleOf } from "../targets/target.ts";
import { encodeNifti } from "./encode-nifti.ts";
import { labelVolume } from "./label-volume.ts";
import { gridOf, toNifti } from "./nifti-of-scan.ts";
import type { ScanWriter } from "./scan-writer.ts";

/** Folder of the data set, as nnU-Net names them. */
const dataset = "Dataset001_medclip_sam";

/**
 * Writes an nnU-Net data set, `Dataset001_medclip_sam`: the values of each scan in imagesTr, the numbers of its targets in labelsTr, both as NIfTI, and
 * dataset.json.
 *
 * @see nnU-Net v2, documentation/dataset_format.md
 */
export const nnunetWriter: ScanWriter = {
  isShared: true,
  open({ out }, targets) {
    const folder = join(out, dataset);
    const cases = new Map<string, string>();
    let channels: readonly string[] | undefined;
    return {
      async add(result) {
        const { scan } = result;
        const name = caseName(scan, cases);
        const own = await channelsOf(scan);
        if (channels && channels.join() !== own.join())
          throw new InputError(
            `"${scan.name}" has the channels ${own.join(", ")}, the scans before it ${channels.join(", ")}. Write them apart.`,
          );
        const { labels, overlap } = await labelVolume(result, targets);
        if (overlap)
          throw new InputError(
            `"${scan.name}": "${titleOf(overlap[0])}" and "${titleOf(overlap[1])}" overlap, which labels of nnU-Net cannot. Choose targets that do not.`,
          );
        const grid = gridOf(scan);
        const files: string[] = [];
        const write = async (file: string, data: Uint8Array | Float32Array) => {
          await writeAtomic(file, await gzipped(encodeNifti(toNifti(data, grid))));
          files.push(file);
        };
        for (let channel = 0; channel < own.length; channel++)
          await write(join(folder, "imagesTr", `${name}_${String(channel).padStart(4, "0")}.nii.gz`), await valuesOf(scan, channel));
        await write(join(folder, "labelsTr", `${name}.nii.gz`), labels);
        channels = own;
        cases.set(name, scan.name);
        return { files, messages: [] };
      },
      async finish() {
        if (!channels) throw new ConfigError("an nnU-Net data set needs at least one scan.");
        const json = {
          channel_names: Object.fromEntries(channels.map((channel, i) => [String(i), channel])),
          labels: { background: 0, ...Object.fromEntries(targets.map((target, i) => [titleOf(target), i + 1])) },
          numTraining: cases.size,
          file_ending: ".nii.gz",
        };
        const file = join(folder, "dataset.json");
        await writeAtomic(file, `${JSON.stringify(json, null, 2)}\n`);
        return { files: [file], messages: [] };
      },
    };
  },
};

/** The name of a scan's case: letters, digits, - and _ alone, and no other scan's. */
function caseName({ name }: Scan, cases: ReadonlyMap<string, string>): string {
  const plain = name.replace(/[^A-Za-z0-9-]+/g, "_");
  let own = plain;
  for (let i = 2; cases.has(own); i++) own = `${plain}_${i}`;
  return own;
}

/** Names of the channels: by the name "CT" nnU-Net knows that values are Hounsfield units. */
async function channelsOf(scan: Scan): Promise<readonly string[]> {
  const { pixels } = await scan.read(0);
  if (pixels.space === "rgb") return ["R", "G", "B"];
  if (pixels.space === "cmyk") throw new InputError(`"${scan.name}" is in CMYK; expected gray or RGB.`);
  const modality = isDicomScan(scan) ? [...scan.headers.values()][0]?.text("Modality") : undefined;
  return [modality ?? "gray"];
}

/** The values of a channel [frames, rows, columns]. */
async function valuesOf(scan: Scan, channel: number): Promise<Float32Array> {
  const size = scan.rows * scan.columns;
  const values = new Float32Array(size * scan.frames.length);
  for (let frame = 0; frame < scan.frames.length; frame++) {
    const { data, stride } = (await scan.read(frame)).pixels;
    for (let i = 0; i < size; i++) values[frame * size + i] = data[i * stride + channel]!;
  }
  return values;
}
