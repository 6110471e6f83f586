import { deflateRawSync } from "node:zlib";
import { tagOf, vrOf } from "../../src/dicom/dictionary.ts";

/** A value: text, numbers, bytes, or the items of a sequence. */
type Value = string | number | readonly number[] | Uint8Array | readonly DicomValues[];
/** Attributes by keyword. */
export interface DicomValues {
  readonly [keyword: string]: Value | { readonly vr: string; readonly value: Value };
}

export interface DicomFileOptions {
  /** Default explicit VR little endian. */
  readonly syntax?: string;
  /** Default: native bytes of `PixelData` among the values. */
  readonly fragments?: readonly Uint8Array[];
  /** The Basic Offset Table. */
  readonly offsets?: readonly number[];
  /** Default true; else the file begins with its data set. */
  readonly hasMeta?: boolean;
}

const long = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const numbers: Record<string, readonly [bytes: number, method: "Uint16" | "Int16" | "Uint32" | "Int32" | "Float32" | "Float64" | "Uint8"]> =
  {
    US: [2, "Uint16"],
    SS: [2, "Int16"],
    OW: [2, "Uint16"],
    UL: [4, "Uint32"],
    SL: [4, "Int32"],
    FL: [4, "Float32"],
    OF: [4, "Float32"],
    FD: [8, "Float64"],
    OD: [8, "Float64"],
    OB: [1, "Uint8"],
  };
const choices: Record<string, string> = { xs: "US", ox: "OW", lt: "OW", up: "UL" };

/** A DICOM file of some attributes, for tests; numbers of the file are padded, not checked. */
export function dicomBytes(values: DicomValues, options: DicomFileOptions = {}): Uint8Array {
  const { syntax = "1.2.840.10008.1.2.1", fragments, offsets = [], hasMeta = true } = options;
  const form = { isExplicit: syntax !== "1.2.840.10008.1.2", isLittle: syntax !== "1.2.840.10008.1.2.2" };
  const parts = [dataSet(values, form)];
  if (fragments) {
    const table = new Uint8Array(Uint32Array.from(offsets).buffer);
    parts.push(Buffer.from("e07f10004f420000ffffffff", "hex"));
    for (const each of [table, ...fragments]) parts.push(Buffer.from("feff00e0", "hex"), length4(even(each)), even(each));
    parts.push(Buffer.from("feffdde000000000", "hex"));
  }
  const body = Buffer.concat(parts);
  if (!hasMeta) return body;
  const meta = dataSet({ TransferSyntaxUID: syntax }, { isExplicit: true, isLittle: true });
  return Buffer.concat([new Uint8Array(128), Buffer.from("DICM"), meta, syntax.endsWith(".1.99") ? deflateRawSync(body) : body]);
}

interface Form {
  readonly isExplicit: boolean;
  readonly isLittle: boolean;
}

function dataSet(values: DicomValues, form: Form): Uint8Array {
  const elements = Object.entries(values).map(([keyword, given]) => {
    const tag = tagOf(keyword);
    const isTyped = typeof given === "object" && "vr" in given;
    const known = vrOf(tag)!;
    const vr = isTyped ? given.vr : (choices[known] ?? known);
    return { tag, bytes: element(tag, vr, isTyped ? given.value : (given as Value), form) };
  });
  return Buffer.concat(elements.sort((a, b) => a.tag - b.tag).map(({ bytes }) => bytes));
}

function element(tag: number, vr: string, value: Value, form: Form): Uint8Array {
  const { isExplicit, isLittle } = form;
  const content = even(encoded(vr, value, form), vr === "UI" || vr === "OB" ? 0 : 32);
  const head = new DataView(new ArrayBuffer(isExplicit && long.has(vr) ? 12 : 8));
  head.setUint16(0, tag >>> 16, isLittle);
  head.setUint16(2, tag & 0xffff, isLittle);
  if (isExplicit) for (const i of [0, 1]) head.setUint8(4 + i, vr.charCodeAt(i));
  if (isExplicit && !long.has(vr)) head.setUint16(6, content.length, isLittle);
  else head.setUint32(head.byteLength - 4, content.length, isLittle);
  return Buffer.concat([new Uint8Array(head.buffer), content]);
}

function encoded(vr: string, value: Value, form: Form): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return Buffer.from(value, "latin1");
  if (vr === "SQ") {
    const items = (value as readonly DicomValues[]).map((item) => dataSet(item, form));
    return Buffer.concat(items.flatMap((item) => [itemHead(item.length, form), item]));
  }
  const list = typeof value === "number" ? [value] : (value as readonly number[]);
  const known = numbers[vr];
  if (!known) return Buffer.from(list.join("\\"), "latin1");
  const view = new DataView(new ArrayBuffer(known[0] * list.length));
  for (const [i, each] of list.entries()) view[`set${known[1]}`](i * known[0], each, form.isLittle);
  return new Uint8Array(view.buffer);
}

function itemHead(length: number, { isLittle }: Form): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, 0xfffe, isLittle);
  view.setUint16(2, 0xe000, isLittle);
  view.setUint32(4, length, isLittle);
  return new Uint8Array(view.buffer);
}

const length4 = ({ length }: Uint8Array): Uint8Array => new Uint8Array(Uint32Array.of(length).buffer);
const even = (bytes: Uint8Array, pad = 0): Uint8Array => (bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Uint8Array.of(pad)]));
