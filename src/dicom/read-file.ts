import { InputError } from "../errors.ts";
import type { DicomFile } from "./attributes.ts";
import { DataSet } from "./data-set.ts";
import { ElementError, ElementReader, type Elements, type Encoding, isExplicit } from "./elements.ts";
import { hasPreamble, isDicom } from "./first-bytes.ts";
import { inflated, isCutShort } from "./inflate.ts";

/** A DICOM object with its pixel data, or without if its header alone was read. */
export interface DicomObject extends DicomFile {
  readonly attributes: DataSet;
  /** Whether numbers of the data set have their lowest byte first. */
  readonly isLittle: boolean;
  /** Whether the file has pixel data, also of a header. */
  readonly hasPixelData: boolean;
}

interface ReadOptions {
  /** Stops before the pixel data. */
  readonly header?: boolean;
}

interface Named {
  readonly name: string;
  readonly bytes: Uint8Array;
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
export function readDicom(content: Named, { header = false }: ReadOptions = {}): DicomObject {
  try {
    return parsed(content, header, content.bytes.length);
  } catch (cause) {
    throw cause instanceof ElementError ? damaged(content.name, cause) : cause;
  }
}

/**
 * The header of a file, from its first bytes.
 *
 * @param size - bytes of the whole file, in which native pixel data must have their place
 * @returns undefined where more bytes are needed
 * @throws InputError as `readDicom`
 */
export function headerOfPart(part: Named, size: number): DicomObject | undefined {
  const isPart = part.bytes.length < size;
  try {
    const header = parsed(part, true, size);
    // Without pixel data, other elements could follow.
    return isPart && !header.hasPixelData ? undefined : header;
  } catch (cause) {
    if (cause instanceof ElementError && cause.isCutOff && isPart) return undefined;
    throw cause instanceof ElementError ? damaged(part.name, cause) : cause;
  }
}

/** Of a file with wrong elements. */
function damaged(name: string, { message, isCutOff }: ElementError): InputError {
  return new InputError(`"${name}" is a ${isCutOff ? "truncated" : "damaged"} DICOM file: ${message}. Copy or export it again.`);
}

function parsed({ name, bytes }: Named, header: boolean, size: number): DicomObject {
  if (!isDicom(bytes)) throw new ElementError(`it has neither "DICM" at byte 128 nor group 0002 or 0008 at its start`);
  const at = hasPreamble(bytes) ? 132 : 0;
  const reader = new ElementReader(bytes, at, { isExplicit: true, isLittle: true });
  const meta = reader.metaInformation();
  const transferSyntax = meta.size > 0 ? new DataSet(meta).text("TransferSyntaxUID") : bareSyntax(bytes, at);
  if (transferSyntax === undefined) throw new ElementError("its meta information lacks the transfer syntax (0002,0010)");
  const body = deflated.has(transferSyntax) ? { bytes: inflate(bytes.subarray(reader.at)), at: 0 } : { bytes, at: reader.at };
  const isLittle = transferSyntax !== explicitBig;
  // The first element tells whether representations are stated; files are wrong about it.
  const encoding: Encoding = { isExplicit: !isLittle || isExplicit(body.bytes, body.at), isLittle };
  const { elements, hasPixelData } = new ElementReader(body.bytes, body.at, encoding).dataSet({
    header,
    missing: size - bytes.length,
  });
  const named = withIdentity(elements, meta);
  return { name, transferSyntax, attributes: new DataSet(named), isLittle, hasPixelData };
}

/** Class and UID of the object, and where the meta information repeats them. */
const identity = [
  [0x00080016, 0x00020002],
  [0x00080018, 0x00020003],
] as const;

/** De-identified files often lack the UID of their object in the data set, but not in the meta information. */
function withIdentity(elements: Elements, meta: Elements): Elements {
  const missing = identity.flatMap(([tag, copy]) => {
    const value = meta.get(copy);
    return value && !elements.get(tag)?.value.length ? [[tag, value] as const] : [];
  });
  return missing.length === 0 ? elements : new Map([...elements, ...missing]);
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
    throw new ElementError(`its deflated data set cannot be inflated (${(cause as Error).message})`, isCutShort(cause));
  }
}
