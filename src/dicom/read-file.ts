import { InputError } from "../errors.ts";
import type { DicomFile } from "./attributes.ts";
import { DataSet } from "./data-set.ts";
import { ElementError, ElementReader, type Encoding, isExplicit } from "./elements.ts";
import { inflated } from "./inflate.ts";

/** A DICOM object with its pixel data, or without if its header alone was read. */
export interface DicomObject extends DicomFile {
  readonly attributes: DataSet;
  /** Whether numbers of the data set have their lowest byte first. */
  readonly isLittle: boolean;
}

export interface ReadOptions {
  /** Stops before the pixel data. */
  readonly header?: boolean;
  /** The bytes are the start of a file alone, so a header must end at pixel data: whatever else could follow. */
  readonly isStart?: boolean;
}

/** Most bytes of a deflated data set. */
const maxInflated = 2 ** 28;

const [implicitLittle, explicitLittle, explicitBig] = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"] as const;
const deflated = new Set(["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"]);

/**
 * Reads a DICOM file: with preamble, or beginning with group 0002 or 0008. Sequences are checked to their ends; values are interpreted when they
 * are asked for.
 *
 * The elements are read here, not by dcmjs: its parser takes 5 to 11 ms for the header of a CT slice (1,000 files must open in 5 s), throws
 * without a preamble and at a second character set, and returns truncated values as if they were whole.
 *
 * @param content.name - for messages
 * @throws InputError when it is no DICOM file, damaged or truncated
 */
export function readDicom(
  content: { readonly name: string; readonly bytes: Uint8Array },
  { header = false, isStart = false }: ReadOptions = {},
): DicomObject {
  try {
    return parsed(content, { header, isStart });
  } catch (cause) {
    if (cause instanceof ElementError) throw damaged(content.name, cause);
    throw cause;
  }
}

/** Of a file with wrong elements. */
export function damaged(name: string, { message, isCutOff }: ElementError): InputError {
  return new InputError(`"${name}" is a ${isCutOff ? "truncated" : "damaged"} DICOM file: ${message}. Copy or export it again.`);
}

/** Whether bytes are the start of a DICOM file. */
export function isDicom(bytes: Uint8Array): boolean {
  return hasMark(bytes) || startsWithGroup(bytes);
}

const hasMark = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(128, 132)) === "DICM";

/** Group 0002 or 0008 in either byte order, with an element that is plausible there. */
function startsWithGroup([a, b, c, d]: Uint8Array): boolean {
  if (d === undefined) return false;
  const isLittle = (a === 2 || a === 8) && b === 0;
  const isBig = a === 0 && b === 8;
  const element = isLittle ? c! + 256 * d : 256 * c! + d;
  return (isLittle || isBig) && (element <= 0x18 || element === 0x60);
}

function parsed({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }, options: Required<ReadOptions>): DicomObject {
  if (!isDicom(bytes)) throw new ElementError(`it has neither "DICM" at byte 128 nor group 0002 or 0008 at its start`);
  const at = hasMark(bytes) ? 132 : 0;
  const reader = new ElementReader(bytes, at, { isExplicit: true, isLittle: true });
  const meta = reader.metaInformation();
  const transferSyntax = meta.size > 0 ? new DataSet(meta).text("TransferSyntaxUID") : bareSyntax(bytes, at);
  if (transferSyntax === undefined) throw new ElementError("its meta information lacks the transfer syntax (0002,0010)");
  const body = deflated.has(transferSyntax) ? { bytes: inflate(bytes.subarray(reader.at)), at: 0 } : { bytes, at: reader.at };
  const isLittle = transferSyntax !== explicitBig;
  // The first element tells whether representations are stated; files are wrong about it.
  const encoding: Encoding = { isExplicit: !isLittle || isExplicit(body.bytes, body.at), isLittle };
  const { elements, pixelDataAt } = new ElementReader(body.bytes, body.at, encoding).dataSet(options);
  if (options.isStart && pixelDataAt === undefined) throw new ElementError("its header does not end in the bytes that were read", true);
  return { name, transferSyntax, attributes: new DataSet(elements), isLittle };
}

/** The transfer syntax of a data set as it is sent over a network, without meta information: native, as its first element is written. */
function bareSyntax(bytes: Uint8Array, at: number): string {
  if (bytes[at] === 0) return explicitBig;
  return isExplicit(bytes, at) ? explicitLittle : implicitLittle;
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return inflated(bytes, maxInflated);
  } catch (cause) {
    throw new ElementError(`its deflated data set cannot be inflated (${(cause as Error).message})`);
  }
}
