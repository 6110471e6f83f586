import { firstGunzipped, gunzipped } from "#gzip";
import { InputError } from "../../../errors.ts";
import type { FileAccess } from "../../file-access.ts";
import { filesInMemory } from "../../files-in-memory.ts";
import type { NamedBytes } from "../image-source.ts";
import { headerLength, type NiftiHeader, niftiHeader } from "./header.ts";

/** The header of a NIfTI file, or of a pair of files, and the file with its voxels, which may be compressed. */
export interface NiftiContent {
  readonly header: NiftiHeader;
  readonly voxels: NamedBytes;
}

/** Most bytes of voxels, all volumes together. */
const maxBytes = 2 ** 31;

/** Most bytes that deflate makes of one. */
const maxInflation = 1032;

/** Most bytes behind the voxels of a compressed file, which are read for its sums alone. */
const maxBehind = 2 ** 28;

/** Whether bytes are compressed with gzip; names are often wrong. */
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Compressed bytes that hold a header, even behind a long name of the file in the gzip header. */
const headBytes = 8192;

/** The first bytes of a file, decompressed if it is compressed, by which its format is known; as they are where that fails. */
export function firstInside(bytes: Uint8Array): Uint8Array {
  try {
    return firstInflated(bytes);
  } catch {
    return bytes;
  }
}

/** @throws Error when it is damaged */
function firstInflated(bytes: Uint8Array): Uint8Array {
  return isGzip(bytes) ? firstGunzipped(bytes.subarray(0, headBytes)) : bytes;
}

/** The files among which the other one of a pair is looked for. */
export type PairFiles = Pick<FileAccess, "content" | "present">;

/** Of a file that stands alone. */
export const noOtherFiles: PairFiles = filesInMemory([]);

/**
 * The header and the voxels of a file: .nii, .nii.gz, or one of the two files of an .hdr/.img pair, whose other one is looked for beside it.
 *
 * @throws InputError when it is no NIfTI file, or the other file of a pair is missing
 */
export async function openNifti(content: NamedBytes, files: PairFiles): Promise<NiftiContent> {
  const isImg = /\.img(\.gz)?$/i.test(content.name);
  const headerFile = isImg ? await files.content(await partner(content.name, "hdr", files)) : content;
  const head = inflatedHead(headerFile);
  const header = niftiHeader(head.subarray(0, headerLength[2]), headerFile.name);
  if (header.isSingle) return { header, voxels: headerFile };
  if (isImg) return { header, voxels: content };
  if (/\.hdr(\.gz)?$/i.test(headerFile.name)) return { header, voxels: await files.content(await partner(headerFile.name, "img", files)) };
  throw new InputError(
    `"${headerFile.name}" holds the header of a pair of files (mark "ni${header.version}"), without voxels. Name it .hdr, with its .img file beside it.`,
  );
}

function inflatedHead({ name, bytes }: NamedBytes): Uint8Array {
  try {
    return firstInflated(bytes);
  } catch (cause) {
    throw damaged(name, cause);
  }
}

/** The other file of a pair: the same name with another ending, compressed or not. */
async function partner(name: string, ending: "hdr" | "img", { present }: PairFiles): Promise<string> {
  const stem = name.replace(/\.(hdr|img)(\.gz)?$/i, "");
  const isUpper = /\.(HDR|IMG)(\.GZ)?$/.test(name);
  const names = [`${stem}.${ending}`, `${stem}.${ending}.gz`].map(
    (each) => stem + (isUpper ? each.slice(stem.length).toUpperCase() : each.slice(stem.length)),
  );
  for (const each of names) {
    const file = await present(each);
    if (file !== undefined) return file;
  }
  const [have, want] = ending === "img" ? ["header", "voxels"] : ["voxels", "header"];
  throw new InputError(`"${name}" holds the ${have} of a pair of files; expected its ${want} in "${names[0]}". Put both in one folder.`);
}

/**
 * The voxels of a file as stored, all volumes, without what may stand behind them.
 *
 * @throws InputError when the file holds fewer bytes than its header says, is damaged, or too large
 */
export async function voxelBytes({ header, voxels: { name, bytes } }: NiftiContent, warnings: string[]): Promise<Uint8Array> {
  const { dim, datatype } = header;
  const start = firstVoxel(header, name, warnings);
  const length = (dim.reduce((product, each) => product * each, 1) * datatype.bits) / 8;
  const asked = `its header says ${dim.join(" x ")} voxels of ${datatype.name}, ${length} bytes${start > 0 ? ` from byte ${start}` : ""}`;
  const cutOff = (got: string) =>
    new InputError(`"${name}": ${asked}; got ${got}. The file is cut off or its header damaged: copy it again.`);
  const isCompressed = isGzip(bytes);
  if (!isCompressed && bytes.length < start + length) throw cutOff(`${Math.max(bytes.length - start, 0)}`);
  if (isCompressed && bytes.length * maxInflation < start + length) throw cutOff(`${bytes.length} compressed bytes, too few for that`);
  if (length > maxBytes) throw new InputError(`"${name}": ${asked}; at most ${maxBytes} bytes are read. Split it into volumes first.`);
  if (!isCompressed) return bytes.subarray(start, start + length);
  const { kept, total } = await inflated({ name, bytes }, start + length);
  if (total < start + length) throw cutOff(`${Math.max(total - start, 0)}`);
  return kept.subarray(start);
}

/** @throws InputError when `vox_offset` is no place of voxels */
function firstVoxel({ voxOffset, isSingle, version }: NiftiHeader, name: string, warnings: string[]): number {
  const least = isSingle ? headerLength[version] + 4 : 0;
  if (voxOffset === 0 && isSingle) {
    warnings.push(`its header does not say where the voxels begin (vox_offset 0); byte ${least} was taken, right behind the header`);
    return least;
  }
  if (!(voxOffset >= least && Number.isSafeInteger(voxOffset))) {
    throw new InputError(
      `"${name}": its voxels begin at byte ${voxOffset} by its header (vox_offset); expected a whole number from ${least} on. The header is damaged.`,
    );
  }
  return voxOffset;
}

/**
 * The first bytes of a compressed file. All of its members are read to the end, by which their sums are checked.
 *
 * @throws InputError when it is damaged, or holds far more
 */
async function inflated({ name, bytes }: NamedBytes, length: number): Promise<{ kept: Uint8Array; total: number }> {
  const kept = new Uint8Array(length);
  let total = 0;
  try {
    for await (const chunk of gunzipped(bytes)) {
      if (total < length) kept.set(chunk.subarray(0, length - total), total);
      total += chunk.length;
      if (total > length + maxBehind)
        throw new InputError(
          `"${name}" inflates to more than ${maxBehind} bytes behind its voxels; expected none. Compress the file again.`,
        );
    }
  } catch (cause) {
    throw cause instanceof InputError ? cause : damaged(name, cause);
  }
  return { kept, total };
}

function damaged(name: string, cause: unknown): InputError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new InputError(`"${name}" is a damaged or truncated gzip file (${reason}). Copy or download it again.`, { cause });
}
