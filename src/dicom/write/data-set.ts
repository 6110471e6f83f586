import { decimalText } from "./decimal.ts";
import { elements, type Keyword, type Vr } from "./elements.ts";

type ValueOf<V extends Vr> = V extends "SQ"
  ? readonly DataSet[]
  : V extends "OB"
    ? Uint8Array
    : V extends "US" | "UL" | "FD" | "AT"
      ? number | readonly number[]
      : V extends "DS" | "IS"
        ? string | number | readonly (string | number)[]
        : string | readonly string[];

/**
 * Attributes to be written, by keyword. An empty text or list is an attribute without value, as type 2 attributes may be; `undefined` is one
 * that is not there.
 */
export type DataSet = { readonly [K in Keyword]?: ValueOf<(typeof elements)[K][1]> | undefined };

/** Bytes in pieces, so that nested sequences are not copied at each level. */
export interface Pieces {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

export const joined = (all: readonly Pieces[]): Pieces => ({
  parts: all.flatMap(({ parts }) => parts),
  length: all.reduce((sum, { length }) => sum + length, 0),
});

const longForms: ReadonlySet<Vr> = new Set<Vr>(["OB", "SQ", "UT"]);

/** Longest value of the other VRs where the VR is explicit. */
const longestShortForm = 0xfffe;

/** A value is too long for the 16-bit length of its explicit VR. */
export class TooLongForExplicit extends Error {}

/**
 * The bytes of a data set, little-endian, in the order of tags; texts in UTF-8, all lengths even and defined.
 *
 * @param explicit - whether value representations are written
 * @throws TooLongForExplicit when a value needs a longer length than its explicit VR has
 * @see DICOM PS3.5, chapter 7
 */
export function encodeDataSet(set: DataSet, explicit: boolean): Pieces {
  const entries = (Object.keys(set) as Keyword[]).filter((keyword) => set[keyword] !== undefined);
  entries.sort((a, b) => elements[a][0] - elements[b][0]);
  return joined(
    entries.map((keyword) => {
      const [tag, vr] = elements[keyword];
      const value = valueBytes(vr, set[keyword]!, explicit);
      return joined([{ parts: [elementHead(tag, vr, value.length, explicit)], length: headLength(vr, explicit) }, value]);
    }),
  );
}

const headLength = (vr: Vr, explicit: boolean): number => (explicit && longForms.has(vr) ? 12 : 8);

function elementHead(tag: number, vr: Vr, length: number, explicit: boolean): Uint8Array {
  const head = new Uint8Array(headLength(vr, explicit));
  const view = new DataView(head.buffer);
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  if (!explicit) view.setUint32(4, length, true);
  else {
    head.set([vr.charCodeAt(0), vr.charCodeAt(1)], 4);
    if (longForms.has(vr)) view.setUint32(8, length, true);
    else if (length > longestShortForm) throw new TooLongForExplicit(`${length} bytes of ${vr}`);
    else view.setUint16(6, length, true);
  }
  return head;
}

function valueBytes(vr: Vr, value: NonNullable<DataSet[Keyword]>, explicit: boolean): Pieces {
  if (value instanceof Uint8Array) return padded(value, 0);
  if (vr === "SQ") return joined((value as readonly DataSet[]).map((item) => itemBytes(encodeDataSet(item, explicit))));
  const values = (Array.isArray(value) ? value : [value]) as readonly (string | number)[];
  const binary = binaryForms[vr];
  if (binary) return whole(binary(values as readonly number[]));
  const text = values.map((each) => (typeof each === "number" ? decimalText(each) : each)).join("\\");
  return padded(new TextEncoder().encode(text), vr === "UI" ? 0 : 0x20);
}

const binaryForms: Partial<Record<Vr, (values: readonly number[]) => Uint8Array>> = {
  US: (values) => binary(values, 2, (view, at, value) => view.setUint16(at, value, true)),
  UL: (values) => binary(values, 4, (view, at, value) => view.setUint32(at, value, true)),
  FD: (values) => binary(values, 8, (view, at, value) => view.setFloat64(at, value, true)),
  AT: (values) =>
    binary(values, 4, (view, at, tag) => {
      view.setUint16(at, tag >>> 16, true);
      view.setUint16(at + 2, tag & 0xffff, true);
    }),
};

function binary(values: readonly number[], size: number, set: (view: DataView, at: number, value: number) => void): Uint8Array {
  const bytes = new Uint8Array(size * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) set(view, size * i, value);
  return bytes;
}

const whole = (bytes: Uint8Array): Pieces => ({ parts: [bytes], length: bytes.length });

function padded(bytes: Uint8Array, padding: number): Pieces {
  return bytes.length % 2 === 0 ? whole(bytes) : { parts: [bytes, Uint8Array.of(padding)], length: bytes.length + 1 };
}

function itemBytes(content: Pieces): Pieces {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint16(0, 0xfffe, true);
  view.setUint16(2, 0xe000, true);
  view.setUint32(4, content.length, true);
  return joined([whole(head), content]);
}
