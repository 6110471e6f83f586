import type { Attributes } from "./attributes.ts";
import { textOf } from "./character-sets.ts";
import { tagOf, tagText } from "./dictionary.ts";
import type { Element, Elements } from "./elements.ts";

/** Representations in which a backslash is text. */
const singleTexts = new Set(["ST", "LT", "UT", "UR"]);
/** Representations whose text is in the file's character set; the others are ASCII. */
const localTexts = new Set(["SH", "LO", "ST", "LT", "UC", "UT", "PN", "UN"]);

type NumberReader = (view: DataView, at: number, isLittle: boolean) => number;
interface Binary {
  readonly bytes: number;
  readonly read: NumberReader;
}

const unsigned16: Binary = { bytes: 2, read: (view, at, little) => view.getUint16(at, little) };
const signed16: Binary = { bytes: 2, read: (view, at, little) => view.getInt16(at, little) };
const unsigned32: Binary = { bytes: 4, read: (view, at, little) => view.getUint32(at, little) };
const float32: Binary = { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) };
const float64: Binary = { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) };
const unsigned64: Binary = { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) };

/** How numbers of binary representations are read. "xs" is US or SS, by PixelRepresentation. */
const binaries: ReadonlyMap<string, Binary> = new Map([
  ["US", unsigned16],
  ["SS", signed16],
  ["OW", unsigned16],
  ["lt", unsigned16],
  ["UL", unsigned32],
  ["OL", unsigned32],
  ["up", unsigned32],
  ["SL", { bytes: 4, read: (view, at, little) => view.getInt32(at, little) }],
  ["AT", { bytes: 4, read: (view, at, little) => view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little) }],
  ["FL", float32],
  ["OF", float32],
  ["FD", float64],
  ["OD", float64],
  ["UV", unsigned64],
  ["OV", unsigned64],
  ["SV", { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) }],
  ["OB", { bytes: 1, read: (view, at) => view.getUint8(at) }],
]);

/** What an item of a sequence has from the data set around it. */
interface Surroundings {
  readonly characterSets: readonly string[];
  readonly isSigned: boolean;
}

/** The attributes of a data set. Values are interpreted when they are asked for. */
export class DataSet implements Attributes {
  private readonly elements: Elements;
  private readonly around: Surroundings;

  constructor(elements: Elements, around: Surroundings = { characterSets: [], isSigned: false }) {
    this.elements = elements;
    this.around = around;
    const own = this.texts("SpecificCharacterSet");
    const representation = this.number("PixelRepresentation");
    this.around = {
      characterSets: own.length > 0 ? own : around.characterSets,
      isSigned: representation === undefined ? around.isSigned : representation === 1,
    };
  }

  has(keyword: string): boolean {
    const element = this.element(keyword);
    if (!element) return false;
    if (element.items) return element.items.length > 0;
    if (element.fragments) return true;
    return binaries.has(this.representation(element)) ? element.value.length > 0 : this.textsOf(element).some((text) => text !== "");
  }

  texts(keyword: string): readonly string[] {
    const element = this.element(keyword);
    if (!element || element.value.length === 0) return [];
    const vr = this.representation(element);
    if (vr === "AT") return this.numbersOf(element, vr).map(tagText);
    if (binaries.has(vr)) return this.numbersOf(element, vr).map(String);
    const texts = this.textsOf(element);
    return texts.some((text) => text !== "") ? texts : [];
  }

  text(keyword: string): string | undefined {
    return this.texts(keyword)[0];
  }

  numbers(keyword: string): readonly number[] {
    const element = this.element(keyword);
    if (!element || element.value.length === 0) return [];
    const vr = this.representation(element);
    if (binaries.has(vr)) return this.numbersOf(element, vr);
    return this.texts(keyword).map((text) => (text === "" ? Number.NaN : Number(text)));
  }

  number(keyword: string): number | undefined {
    return this.numbers(keyword)[0];
  }

  bytes(keyword: string): Uint8Array | undefined {
    const element = this.element(keyword);
    return element && !element.items && element.value.length > 0 ? element.value : undefined;
  }

  items(keyword: string): readonly DataSet[] {
    return this.element(keyword)?.items?.map((item) => new DataSet(item, this.around)) ?? [];
  }

  /** The element as stored. @throws ConfigError for an unknown keyword */
  element(keyword: string): Element | undefined {
    return this.elements.get(tagOf(keyword));
  }

  private representation({ vr }: Element): string {
    return vr === "xs" ? (this.around.isSigned ? "SS" : "US") : vr === "ox" ? "OB" : vr;
  }

  private numbersOf({ value, isLittle }: Element, vr: string): number[] {
    const { bytes, read } = binaries.get(vr)!;
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return Array.from({ length: Math.floor(value.length / bytes) }, (_, i) => read(view, i * bytes, isLittle));
  }

  private textsOf({ value, vr }: Element): string[] {
    const text = textOf(value, localTexts.has(vr) ? this.around.characterSets : []);
    if (singleTexts.has(vr)) return [text.replace(/[\0 ]+$/, "")];
    return text.split("\\").map((part) => part.replace(/^[ ]+|[\0 ]+$/g, ""));
  }
}
