import { type FunctionalGroups, functionalGroups } from "../../../dicom/functional-groups.ts";
import { LookupError } from "../../../dicom/lookup-table.ts";
import { type DicomObject, readDicom } from "../../../dicom/read-file.ts";
import { InputError } from "../../../errors.ts";
import { once } from "../../../once.ts";
import { type PixelSize, pixelSpacing } from "../../series/pixel-size.ts";
import type { DisplayedImage, Frame, NamedBytes, StoredPixels, View } from "../image-source.ts";
import { eightBits, ybrToRgb } from "./chroma.ts";
import { type Levels, ValueCounts } from "./levels.ts";
import { type ModalityRule, modalityRule, modalityValues, RescaleError } from "./modality-values.ts";
import { type Padding, paddingOf } from "./padding.ts";
import { type Palette, paletteOf } from "./palette.ts";
import { type PixelFormat, pixelFormat } from "./pixel-format.ts";
import { notAnImage } from "./refused.ts";
import { type ReadStored, type StoredFrame, storedFrames } from "./stored-frames.ts";
import { voiRule } from "./voi.ts";

/** The frames of a DICOM file, decoded one at a time. */
export interface DicomFrames {
  readonly frames: number;
  /** @param index - from 0 @throws InputError when the frame is damaged */
  read(index: number): Promise<Frame>;
  /** Of a frame, from its header. @param index - from 0 */
  pixelSize(index: number): PixelSize;
  /** Counts the values of all frames without padding, for percentiles over several files. @throws InputError when a frame is damaged */
  count(counts: ValueCounts): Promise<void>;
}

/** What all frames of a file share. */
interface Opened {
  readonly object: DicomObject;
  readonly format: PixelFormat;
  readonly stored: ReadStored;
  readonly groups: FunctionalGroups;
  readonly padding: Padding;
  readonly palette: Palette | undefined;
  readonly warnings: readonly string[];
  levels(): Promise<Levels>;
}

/**
 * Opens a DICOM file. Its pixels are decoded when a frame is read.
 *
 * @param levels - percentiles 0.5 and 99.5 over all frames of a series, without padding; default: over the frames of the file. Asked for when a
 *   frame is shown that has no window
 * @throws InputError when it is no image, damaged, cut off, too large, or in a form that is not read
 */
export async function openDicom(content: NamedBytes, levels?: () => Promise<Levels>): Promise<DicomFrames> {
  const object = readDicom(content);
  const reason = notAnImage(object);
  if (reason !== undefined) throw new InputError(`"${content.name}" is ${reason}`);
  const format = pixelFormat(object);
  const { attributes } = object;
  const opened: Opened = {
    object,
    format,
    stored: storedFrames(object, format),
    groups: functionalGroups(attributes),
    padding: paddingOf(attributes, format),
    palette: named(content.name, () => (format.photometric === "PALETTE COLOR" ? paletteOf(object, format) : undefined)),
    warnings: lossWarning(object),
    levels: once(levels ?? (async () => await ownLevels(opened))),
  };
  return {
    frames: format.frames,
    read: (index) => frameOf(opened, index),
    pixelSize: (index) => pixelSpacing(attributes, opened.groups(index, "PixelMeasuresSequence")),
    count: (counts) => countValues(opened, counts),
  };
}

/** Most bytes of pixels that are held at a time. */
const maxBytes = 2 ** 30;

/** All frames of a DICOM file in order. @throws InputError as `openDicom`, and when all frames together are too large */
export async function dicomFrames(content: NamedBytes): Promise<Frame[]> {
  const { frames, read, pixelSize } = await openDicom(content);
  const all: Frame[] = [];
  let bytes = 0;
  for (let i = 0; i < frames; i++) {
    const frame = await read(i);
    bytes += frame.pixels.data.byteLength;
    if (bytes > maxBytes) {
      throw new InputError(
        `"${content.name}" has ${frames} frames of more than ${maxBytes} bytes together. Split it into single frames first.`,
      );
    }
    const { spacing, warnings } = pixelSize(i);
    all.push({ ...frame, ...(spacing && { geometry: { spacing } }), warnings: [...frame.warnings, ...warnings] });
  }
  return all;
}

/** Adds the name of the file to errors of its tables. */
function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof LookupError || cause instanceof RescaleError)) throw cause;
    throw new InputError(`"${name}" is a damaged DICOM file: ${cause.message}. Export it again.`, { cause });
  }
}

function lossWarning({ attributes }: DicomObject): string[] {
  if (attributes.text("LossyImageCompression") !== "01") return [];
  const ratio = attributes.numbers("LossyImageCompressionRatio").join(", ");
  return [`was compressed with loss${ratio ? ` (ratio ${ratio})` : ""}: values differ from those that were measured`];
}

const ruleOf = ({ object, format, groups }: Opened, index: number): ModalityRule =>
  named(object.name, () => modalityRule(object.attributes, groups, index, format));

async function countValues(opened: Opened, counts: ValueCounts): Promise<void> {
  for (let i = 0; i < opened.format.frames; i++) counts.add(await opened.stored(i), ruleOf(opened, i), opened.padding);
}

async function ownLevels(opened: Opened): Promise<Levels> {
  const counts = new ValueCounts();
  await countValues(opened, counts);
  return counts.levels();
}

async function frameOf(opened: Opened, index: number): Promise<Frame> {
  const { format, palette, warnings } = opened;
  const stored = await opened.stored(index);
  const { rows, columns, samples, bitsStored } = format;
  const isGray = samples === 1 && !palette;
  const pixels: StoredPixels = {
    width: columns,
    height: rows,
    space: isGray ? "gray" : "rgb",
    channels: isGray ? 1 : 3,
    hasAlpha: false,
    stride: isGray ? 1 : 3,
    bitDepth: isGray ? bitsStored : 8,
    data: palette ? palette(stored.data) : isGray ? modalityValues(stored, ruleOf(opened, index)) : colours(stored, bitsStored),
  };
  const display = isGray ? (view: View = {}) => grayImage(opened, index, pixels, stored, view) : async () => colourImage(pixels);
  return { pixels, format: "dicom", warnings, display };
}

function colours({ data, colours }: StoredFrame, bitsStored: number): Uint8Array {
  const bytes = eightBits(data, bitsStored);
  return colours === "YBR" ? ybrToRgb(bytes) : bytes;
}

/** Colours are shown as they are. */
function colourImage({ width, height, data }: StoredPixels): DisplayedImage {
  return { image: { width, height, data: Uint8Array.from(data) }, warnings: [] };
}

async function grayImage(opened: Opened, frame: number, pixels: StoredPixels, stored: StoredFrame, view: View): Promise<DisplayedImage> {
  const { object, format, groups, padding } = opened;
  const { attributes } = object;
  const modality = ruleOf(opened, frame);
  const context = { attributes, groups, frame, format, modality, levels: opened.levels };
  const voi = await voiRule(context, view.window).catch((cause) =>
    named(object.name, () => {
      throw cause;
    }),
  );
  const shape = attributes.text("PresentationLUTShape");
  const isInverted = shape === undefined ? format.photometric === "MONOCHROME1" : shape === "INVERSE";
  const { width, height, data } = pixels;
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    if (padding?.(stored.data[i]!)) continue; // black
    const level = Math.floor(255 * voi.level(data[i]!) + 0.5) || 0; // no number: black
    rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = isInverted ? 255 - level : level;
  }
  return { image: { width, height, data: rgb }, warnings: voi.warnings, window: voi.applied, isInverted };
}
