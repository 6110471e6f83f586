import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, gunzipSync } from "node:zlib";
import sharp from "sharp";
import { readCsvPairs, readRegions, readShard } from "../../src/data/index.ts";
import { readDicom } from "../../src/dicom/read-file.ts";
import { MedclipSamError } from "../../src/errors.ts";
import { packIn } from "../../src/hub/pack.ts";
import { textPrompts } from "../../src/pipeline/zero-shot/targets/text-prompts.ts";
import { decodeNpy, encodeNpy } from "../../src/results/npy.ts";
import { decodeNpz, encodeNpz } from "../../src/results/npz.ts";
import { openImage } from "../../src/scans/decode-image.ts";
import { readChannels } from "../../src/scans/read-channels.ts";
import { readGray } from "../../src/scans/read-gray.ts";
import { readLabels } from "../../src/scans/read-labels.ts";
import { readMask } from "../../src/scans/read-mask.ts";
import { openWeights } from "../../src/tensor/open-weights.ts";
import { readSafetensors, writeSafetensors } from "../../src/tensor/safetensors.ts";
import { readTensor } from "../../src/tensor/stored-tensor.ts";
import { bmpOf } from "../support/bmp-files.ts";
import { tiffOf, tiffPagesOf } from "../support/mask-files.ts";
import { sharedNames, sharedPath } from "../support/shared-data.ts";
import { writeTar } from "../support/tar.ts";

/** A kind of file: sound ones to begin with, and all readers of such files. */
export interface Kind {
  /** Ending of the file. */
  readonly ending: string;
  readonly seeds: () => Promise<readonly Uint8Array[]>;
  /** Whether it is text. */
  readonly isText?: boolean;
  /** Mends the check sums of a mutated file, so that what they guard is read. */
  readonly repair?: (bytes: Uint8Array) => Uint8Array;
  readonly read: (file: string, bytes: Uint8Array) => readonly (() => Promise<unknown>)[];
}

const size = { width: 12, height: 9 };
const noise = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
const colours = () => sharp(noise(size.width * size.height * 3), { raw: { ...size, channels: 3 } });
const grays = () => sharp(noise(size.width * size.height), { raw: { ...size, channels: 1 } }).toColourspace("b-w");

/** A picture goes through all that could be shown or measured of it. */
const images: Kind["read"] = (file, bytes) => [
  async () => {
    for (const { display, pixels } of (await openImage({ name: file, bytes })).slice(0, 3)) {
      if (pixels.data.length < pixels.width * pixels.height)
        throw new Error(`${pixels.data.length} samples of ${pixels.width} x ${pixels.height}`);
      for (const mode of ["paper", "reference"] as const) await display({ mode, exif: "apply" });
    }
  },
  () => readMask(file),
  () => readLabels(file),
  () => readChannels(file),
  () => readGray(file),
];

/** A PNG whose chunks have the check sums of what they hold. */
function withCheckSums(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let at = 8; at + 12 <= copy.length; ) {
    const end = at + 8 + copy.readUInt32BE(at);
    if (end + 4 > copy.length) break;
    copy.writeUInt32BE(crc32(copy.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return copy;
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const sharedFiles = (folder: string, pattern: RegExp) => async () =>
  await Promise.all(sharedNames(folder, pattern).map(async (name) => new Uint8Array(await readFile(sharedPath(folder, name)))));

const dicom = (pattern: RegExp, folder = "parity/dicom/pixels"): Kind => ({
  ending: "dcm",
  seeds: sharedFiles(folder, pattern),
  read: (file, bytes) => [
    ...images(file, bytes),
    async () => readDicom({ name: file, bytes }, { header: true }),
    async () => {
      const { attributes } = readDicom({ name: file, bytes });
      for (const keyword of ["PixelSpacing", "Rows", "WindowCenter", "ReferencedSeriesSequence", "PatientName"]) {
        attributes.texts(keyword);
        attributes.numbers(keyword);
        attributes.items(keyword);
      }
    },
  ],
});

const safetensors = async (file: string): Promise<Uint8Array> => {
  await writeSafetensors(
    file,
    { a: { dtype: "float32", shape: [2, 3], data: new Float32Array(6) }, b: { dtype: "uint8", shape: [4], data: new Uint8Array(4) } },
    { note: "x" },
  );
  return new Uint8Array(await readFile(file));
};

/** All kinds of files that are read, by name. @param folder - where seeds that only files can hold may be written */
export function kindsIn(folder: string): Readonly<Record<string, Kind>> {
  const weights: Kind["read"] = (file) => [
    async () => {
      const { tensors } = await openWeights(file);
      for (const tensor of tensors.values()) await readTensor(tensor);
    },
  ];
  return {
    "dicom as it is": dicom(
      /^(gray8_no_window|rgb_planar_1|voi_lut_over_window|ct_no_window|enhanced_ct_per_frame|float_pixel_data)\.dcm$/,
    ),
    "dicom big endian and deflated": dicom(/^(big_endian_.*|deflated)\.dcm$/),
    "dicom in runs": dicom(/^rle_.*\.dcm$/),
    "dicom JPEG-LS": dicom(/^jpegls_.*\.dcm$/),
    "dicom JPEG": dicom(/^(JPEG-lossy|JPGExtended|SC_rgb_jpeg|SC_rgb_small_odd_jpeg)\.dcm$/, "data/dicom/pydicom"),
    "dicom JPEG 2000": dicom(/^(j2k|htj2k)_.*\.dcm$/),
    nifti: {
      ending: "nii",
      seeds: async () => [
        ...(await sharedFiles("parity/dicom/nifti", /^extension\.nii$/)()),
        ...(await sharedFiles("parity/dicom/nifti", /^(RAS|four_d_single|nifti2|nan)\.nii\.gz$/)()).map((bytes) => gunzipSync(bytes)),
      ],
      read: images,
    },
    "nifti, compressed": { ending: "nii.gz", seeds: sharedFiles("parity/dicom/nifti", /^(RAS|big_endian)\.nii\.gz$/), read: images },
    tiff: {
      ending: "tif",
      seeds: async () => [
        await colours().tiff({ compression: "lzw", predictor: "horizontal" }).toBuffer(),
        await grays().tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
        await grays().tiff({ compression: "ccittfax4", bitdepth: 1 }).toBuffer(),
        await colours().tiff({ compression: "jpeg" }).toBuffer(),
        tiffOf({ ...size, bits: 32, format: 3, content: noise(size.width * size.height * 4) }),
        tiffOf({ ...size, bits: 8, photometric: 3, colourMap: [...noise(768)], content: noise(size.width * size.height) }),
        tiffOf({ ...size, bits: 8, isBig: true, content: noise(size.width * size.height) }),
        tiffPagesOf([1, 2, 3].map(() => ({ ...size, bits: 16, format: 2 as const, content: noise(size.width * size.height * 2) }))),
      ],
      read: images,
    },
    png: {
      ending: "png",
      repair: withCheckSums,
      seeds: async () => [
        await colours().png().toBuffer(),
        await colours().png({ palette: true, colours: 8 }).toBuffer(),
        await grays().toColourspace("grey16").png({ progressive: true }).toBuffer(),
        await colours().ensureAlpha(0.5).withMetadata({ orientation: 5 }).png().toBuffer(),
      ],
      read: images,
    },
    jpeg: {
      ending: "jpg",
      seeds: async () => [
        await colours().jpeg().toBuffer(),
        await grays().jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer(),
        await colours().toColourspace("cmyk").jpeg().toBuffer(),
      ],
      read: images,
    },
    webp: {
      ending: "webp",
      seeds: async () => [
        await colours().webp().toBuffer(),
        await colours().webp({ lossless: true }).toBuffer(),
        await sharp([await colours().png().toBuffer(), await colours().negate().png().toBuffer()], { join: { animated: true } })
          .webp()
          .toBuffer(),
      ],
      read: images,
    },
    bmp: {
      ending: "bmp",
      seeds: async () => [
        bmpOf({ ...size, bits: 24, pixels: noise(36 * size.height) }),
        bmpOf({ ...size, height: -size.height, bits: 8, palette: [...noise(256)], pixels: noise(12 * size.height) }),
        bmpOf({
          ...size,
          bits: 4,
          compression: 2,
          palette: [...noise(16)],
          pixels: [6, 0x12, 0, 6, 1, 2, 3, 0, 0, 0, 0, 2, 3, 1, 4, 0x56, 0, 1],
        }),
        bmpOf({
          ...size,
          bits: 32,
          compression: 3,
          masks: [0xff, 0xff00, 0xff0000, 0xff000000],
          headerSize: 124,
          pixels: noise(48 * size.height),
        }),
      ],
      read: images,
    },
    gif: {
      ending: "gif",
      seeds: async () => [
        await colours().gif().toBuffer(),
        await sharp([await colours().png().toBuffer(), await grays().png().toBuffer()], { join: { animated: true } })
          .gif()
          .toBuffer(),
      ],
      read: images,
    },
    safetensors: {
      ending: "safetensors",
      seeds: async () => [await safetensors(join(folder, "seed.safetensors"))],
      read: (file, bytes) => [() => readSafetensors(file), ...weights(file, bytes)],
    },
    torch: {
      ending: "pt",
      seeds: sharedFiles("parity/torch-files", /^(dtypes_and_views|nested|protocol_[34]|unsafe_eval)\.(pt|bin)$/),
      read: weights,
    },
    npy: {
      ending: "npy",
      seeds: async () => [
        encodeNpy({ dtype: "float32", shape: [2, 3], data: new Float32Array(6) }),
        encodeNpy({ dtype: "int16", shape: [4], data: new Int16Array(4) }),
      ],
      read: (file, bytes) => [() => decodeNpy({ name: file, bytes })],
    },
    npz: {
      ending: "npz",
      seeds: async () => [
        await encodeNpz({
          a: { dtype: "float32", shape: [2, 3], data: new Float32Array(6) },
          b: { dtype: "uint8", shape: [400], data: new Uint8Array(400) },
        }),
      ],
      read: (file, bytes) => [() => decodeNpz({ name: file, bytes })],
    },
    prompts: {
      ending: "json",
      isText: true,
      seeds: async () => [
        text(
          '{"a.png": "A chest X-ray showing the heart", "b/c": ["one wording", "another"], "*": {"heart": "the heart", "lung": ["the lung"]}}',
        ),
        text('\ufeff{"*": "the lungs"}'),
      ],
      read: (file) => [() => textPrompts({ prompts: file }, [{ file: "a.png", name: "a", path: "a.png" }])],
    },
    pack: {
      ending: "json",
      isText: true,
      seeds: async () => [await readFile("packs/phantom/pack.json"), await readFile("packs/starter/pack.json")],
      read: (_, bytes) => [
        async () => {
          await writeFile(join(folder, "pack.json"), bytes);
          await packIn(folder);
        },
      ],
    },
    table: {
      ending: "csv",
      isText: true,
      seeds: async () => [
        text(
          'filename,Caption,phrase,mask\na.png,"the heart, large",the heart,m.png\nb.png,nan,"the lung|lung",\n../c.png,"say ""x""",lung,m.png\n',
        ),
        text("filename\tCaption\n1\t2\n"),
      ],
      read: (file) => [
        () => readCsvPairs(file),
        async () => {
          const { pairs } = await readCsvPairs(file);
          await readRegions(file, pairs);
        },
      ],
    },
    shard: {
      ending: "tar",
      seeds: async () => {
        const file = join(folder, "seed.tar");
        writeTar(file, { "1.png": noise(40), "1.txt": "the heart", "1.json": '{"patient": "x"}', "2.jpg": noise(3), "2.txt": "no" });
        return [await readFile(file)];
      },
      read: (file) => [() => readShard(file), () => readShard(file, { groupField: "patient" })],
    },
  };
}

/** What is wrong with how a file was read: it was not refused by an error of ours. Undefined for a file that was read, or refused. */
export async function faultOf(reading: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await reading();
    return undefined;
  } catch (error) {
    if (error instanceof MedclipSamError) return undefined;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
