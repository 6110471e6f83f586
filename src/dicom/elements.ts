import { type Tag, tagText, vrOf } from "./dictionary.ts";

/** How data elements are written. */
export interface Encoding {
  /** Whether each element states its value representation. */
  readonly isExplicit: boolean;
  /** Whether numbers have their lowest byte first. */
  readonly isLittle: boolean;
}

/** A data element: its value is not interpreted before it is asked for. */
export interface Element {
  /** As the file says, else as the dictionary does; "UN" for unknown ones. */
  readonly vr: string;
  /** The value as stored; of a sequence none. */
  readonly value: Uint8Array;
  readonly isLittle: boolean;
  /** The items of a sequence. */
  readonly items?: readonly Elements[];
  /** Of encapsulated pixel data: its fragments, the offset table first. */
  readonly fragments?: readonly Uint8Array[];
}

/** A data set, or an item of a sequence. */
export type Elements = ReadonlyMap<Tag, Element>;

/** The bytes of a file are no DICOM data, or end too early. The message says what is wrong, without the file. */
export class ElementError extends Error {
  /** Whether more bytes could mend it. */
  readonly isCutOff: boolean;

  constructor(message: string, isCutOff = false) {
    super(message);
    this.isCutOff = isCutOff;
  }
}

const pixelDataTag = 0x7fe00010;
/** FloatPixelData, DoubleFloatPixelData, PixelData. */
const pixelTags: ReadonlySet<Tag> = new Set([0x7fe00008, 0x7fe00009, pixelDataTag]);

const [itemTag, itemEnd, sequenceEnd] = [0xfffee000, 0xfffee00d, 0xfffee0dd];
const undefinedLength = 0xffffffff;

/** Representations whose length has 4 bytes, behind 2 reserved ones. */
const longForms = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const shortForms = new Set([
  ...["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"],
]);

/** Whether the element at a place states its value representation. */
export function isExplicit(bytes: Uint8Array, at: number): boolean {
  const vr = String.fromCharCode(...bytes.subarray(at + 4, at + 6));
  return shortForms.has(vr) || longForms.has(vr);
}

/** Most sequences inside one another; real files have 10 at most. */
const maxDepth = 64;

/** Reads data elements one behind the other. */
export class ElementReader {
  /** Place of the next byte. */
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private encoding: Encoding;

  constructor(bytes: Uint8Array, at: number, encoding: Encoding) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.encoding = encoding;
  }

  /** The group of the next element; undefined at the end. */
  get nextGroup(): number | undefined {
    return this.at + 8 <= this.bytes.length ? this.view.getUint16(this.at, this.encoding.isLittle) : undefined;
  }

  /**
   * The elements of the file meta information, which ends where another group begins.
   *
   * @throws ElementError
   */
  metaInformation(): Elements {
    const elements = new Map<Tag, Element>();
    while (this.nextGroup === 2) this.element(elements, this.bytes.length, 0);
    return elements;
  }

  /**
   * The elements of a data set up to and with its pixel data; what follows (padding, signatures) is not read.
   *
   * @param options.header - stops before the pixel data; only whether they have their place in the file is checked
   * @param options.missing - bytes of the file behind those that are here
   * @throws ElementError
   */
  dataSet({ header = false, missing = 0 } = {}): { elements: Elements; hasPixelData: boolean } {
    const elements = new Map<Tag, Element>();
    const { length } = this.bytes;
    while (this.at < length && !this.isPaddingOnly()) {
      const tag = this.peekTag();
      const isPixelData = pixelTags.has(tag);
      if (!isPixelData || !header) this.element(elements, length, 0);
      else this.checkPlace(length + missing);
      if (isPixelData) return { elements, hasPixelData: true };
    }
    return { elements, hasPixelData: false };
  }

  /** Of an element whose value is not read. */
  private checkPlace(size: number): void {
    const { tag, length } = this.head();
    if (length !== undefinedLength) this.need(length, size, `element ${tagText(tag)}`, true);
  }

  private peekTag(): Tag {
    this.need(8, this.bytes.length, "an element");
    return this.tag(this.at);
  }

  /** Zeros behind the last element, which some programs write to fill a block. */
  private isPaddingOnly(): boolean {
    if (this.bytes[this.at] !== 0 || this.bytes[this.at + 1] !== 0) return false;
    for (let i = this.at; i < this.bytes.length; i++) if (this.bytes[i] !== 0) return false;
    return true;
  }

  private tag(at: number): Tag {
    const { isLittle } = this.encoding;
    return this.view.getUint16(at, isLittle) * 0x10000 + this.view.getUint16(at + 2, isLittle);
  }

  private need(count: number, end: number, what: string, isCutOff = end === this.bytes.length): void {
    if (this.at + count <= end) return;
    const left = Math.max(end - this.at, 0);
    throw new ElementError(
      `${what} needs ${count} bytes at byte ${this.at}, ${left} are left ${isCutOff ? "in the file" : "in its item"}`,
      isCutOff,
    );
  }

  /** Tag, representation and length; stands at the value then. */
  private head(end = this.bytes.length): { tag: Tag; vr: string; length: number } {
    this.need(8, end, "an element");
    const { isExplicit, isLittle } = this.encoding;
    const tag = this.tag(this.at);
    if (!isExplicit || tag >= itemTag) {
      const length = this.view.getUint32(this.at + 4, isLittle);
      this.at += 8;
      return { tag, vr: vrOf(tag) ?? "UN", length };
    }
    const vr = String.fromCharCode(this.bytes[this.at + 4]!, this.bytes[this.at + 5]!);
    if (shortForms.has(vr)) {
      const length = this.view.getUint16(this.at + 6, isLittle);
      this.at += 8;
      return { tag, vr, length };
    }
    if (!longForms.has(vr)) {
      const shown = JSON.stringify(vr);
      throw new ElementError(`element ${tagText(tag)} at byte ${this.at} has ${shown} for a value representation, which there is not`);
    }
    this.need(12, end, `element ${tagText(tag)}`);
    const length = this.view.getUint32(this.at + 8, isLittle);
    this.at += 12;
    return { tag, vr, length };
  }

  private element(into: Map<Tag, Element>, end: number, depth: number): void {
    const { tag, vr, length } = this.head(end);
    const { isLittle, isExplicit } = this.encoding;
    if (tag === itemEnd || tag === sequenceEnd || tag === itemTag) {
      throw new ElementError(`a sequence's ${tagText(tag)} stands at byte ${this.at - 8}, outside of any sequence`);
    }
    if (length === undefinedLength && tag === pixelDataTag) {
      into.set(tag, { vr: vr === "ox" ? "OB" : vr, value: new Uint8Array(), isLittle, fragments: this.fragments() });
      return;
    }
    if (length !== undefinedLength) this.need(length, end, `element ${tagText(tag)}`);
    if (vr === "SQ" || length === undefinedLength) {
      if (vr !== "SQ" && vr !== "UN" && isExplicit) {
        throw new ElementError(`element ${tagText(tag)} (${vr}) has no length, which only sequences and pixel data may lack`);
      }
      // Unknown elements without a length are sequences in implicit little endian.
      const outer = this.encoding;
      if (vr === "UN" && isExplicit) this.encoding = { isExplicit: false, isLittle: true };
      const items = this.sequence(length === undefinedLength ? undefined : this.at + length, end, depth + 1);
      this.encoding = outer;
      into.set(tag, { vr: "SQ", value: new Uint8Array(), isLittle, items });
      return;
    }
    into.set(tag, { vr, value: this.bytes.subarray(this.at, this.at + length), isLittle });
    this.at += length;
  }

  /** @param end - of the sequence; undefined where a delimiter ends it */
  private sequence(end: number | undefined, limit: number, depth: number): Elements[] {
    if (depth > maxDepth) throw new ElementError(`more than ${maxDepth} sequences stand inside one another at byte ${this.at}`);
    const items: Elements[] = [];
    while (end === undefined || this.at < end) {
      const { tag, length } = this.head(end ?? limit);
      if (tag === sequenceEnd && end === undefined) return items;
      if (tag !== itemTag) throw new ElementError(`a sequence has ${tagText(tag)} at byte ${this.at - 8}, expected an item`);
      items.push(this.item(length, end ?? limit, depth));
    }
    return items;
  }

  private item(length: number, limit: number, depth: number): Elements {
    const elements = new Map<Tag, Element>();
    if (length === undefinedLength) {
      for (;;) {
        this.need(8, limit, "the end of an item");
        if (this.tag(this.at) === itemEnd) break;
        this.element(elements, limit, depth);
      }
      this.at += 8;
      return elements;
    }
    this.need(length, limit, "an item");
    const end = this.at + length;
    while (this.at < end) this.element(elements, end, depth);
    return elements;
  }

  private fragments(): Uint8Array[] {
    const fragments: Uint8Array[] = [];
    for (;;) {
      this.need(8, this.bytes.length, "pixel data's next fragment");
      const { tag, length } = this.head();
      if (tag === sequenceEnd) return fragments;
      if (tag !== itemTag || length === undefinedLength) {
        throw new ElementError(`pixel data has ${tagText(tag)} at byte ${this.at - 8}, expected a fragment`);
      }
      this.need(length, this.bytes.length, "a fragment of pixel data");
      fragments.push(this.bytes.subarray(this.at, this.at + length));
      this.at += length;
    }
  }
}
