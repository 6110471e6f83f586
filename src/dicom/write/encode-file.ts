import { version } from "../../version.ts";
import { type DataSet, encodeDataSet, joined, type Pieces, TooLongForExplicit } from "./data-set.ts";

/** Identifies this package as the writer of a file, whatever its version. */
const implementationClass = "2.25.269820196513531596354837302256526458964";

const [explicitLittleEndian, implicitLittleEndian] = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];

/**
 * The bytes of a DICOM file in Explicit VR Little Endian. Only where a value is too long for that (more than 65,534 bytes, as the points of a
 * long contour can be) it is Implicit VR Little Endian, as is usual for such files.
 *
 * Texts are UTF-8; the character set is named if a text needs it.
 *
 * @param sop - class and UID of the object
 * @param set - all other attributes
 * @see DICOM PS3.10, chapter 7
 */
export function encodeDicom(sop: SopInstance, set: DataSet): Uint8Array<ArrayBuffer> {
  const complete = {
    ...set,
    SOPClassUID: sop.classUid,
    SOPInstanceUID: sop.instanceUid,
    ...(!isAscii(set) && { SpecificCharacterSet: "ISO_IR 192" }),
  };
  try {
    return fileOf(sop, encodeDataSet(complete, true), explicitLittleEndian);
  } catch (cause) {
    if (!(cause instanceof TooLongForExplicit)) throw cause;
    return fileOf(sop, encodeDataSet(complete, false), implicitLittleEndian);
  }
}

/** What identifies an object. */
export interface SopInstance {
  readonly classUid: string;
  readonly instanceUid: string;
}

function fileOf({ classUid, instanceUid }: SopInstance, content: Pieces, transferSyntax: string): Uint8Array<ArrayBuffer> {
  const meta = joined([
    metaElement(1, "OB", Uint8Array.of(0, 1)),
    metaElement(2, "UI", classUid),
    metaElement(3, "UI", instanceUid),
    metaElement(16, "UI", transferSyntax),
    metaElement(18, "UI", implementationClass),
    metaElement(19, "SH", `MEDCLIPSAM ${version.split(".", 2).join(".")}`.slice(0, 16)),
  ]);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, meta.length, true);
  const all = joined([metaElement(0, "UL", length), meta, content]);
  const file = new Uint8Array(preamble + all.length);
  file.set(new TextEncoder().encode("DICM"), preamble - 4);
  let at = preamble;
  for (const part of all.parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

const preamble = 132;

/** An element of group 2. */
function metaElement(element: number, vr: "OB" | "UI" | "SH" | "UL", value: string | Uint8Array): Pieces {
  const text = typeof value === "string" ? new TextEncoder().encode(value) : value;
  const even = new Uint8Array(text.length + (text.length % 2)).fill(vr === "SH" ? 0x20 : 0);
  even.set(text);
  const head = new Uint8Array(vr === "OB" ? 12 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, 2, true);
  view.setUint16(2, element, true);
  head.set([vr.charCodeAt(0), vr.charCodeAt(1)], 4);
  if (vr === "OB") view.setUint32(8, even.length, true);
  else view.setUint16(6, even.length, true);
  return { parts: [head, even], length: head.length + even.length };
}

function isAscii(set: DataSet): boolean {
  return Object.values(set).every((value) => {
    if (value === undefined || value instanceof Uint8Array || typeof value === "number") return true;
    if (typeof value === "string") return asciiOnly.test(value);
    return value.every((each: string | number | DataSet) =>
      typeof each === "object" ? isAscii(each) : typeof each === "number" || asciiOnly.test(each),
    );
  });
}

const asciiOnly = /^[ -~\r\n\t\f]*$/;
