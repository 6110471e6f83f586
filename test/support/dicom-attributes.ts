import type { Attributes, DicomFile } from "../../src/dicom/attributes.ts";
import { type Elements, uids } from "./dicom-bytes.ts";

/** Attributes as a reader of files gives them, of values in memory. */
function attributesOf(elements: Elements): Attributes {
  const values = (keyword: string): readonly unknown[] => {
    const value = elements[keyword as keyof Elements];
    return value === undefined || value === "" || ArrayBuffer.isView(value) ? [] : [value].flat();
  };
  const texts = (keyword: string) => values(keyword).map(String);
  const numbers = (keyword: string) => values(keyword).map(Number);
  return {
    has: (keyword) => values(keyword).length > 0,
    texts,
    text: (keyword) => texts(keyword)[0],
    numbers,
    number: (keyword) => numbers(keyword)[0],
    bytes: () => undefined,
    items: (keyword) => values(keyword).map((item) => attributesOf(item as Elements)),
  };
}

/** The header of a DICOM file that was never written. */
export function dicomHeader(name: string, elements: Elements): DicomFile {
  return { name, transferSyntax: uids.explicitLittle, attributes: attributesOf(elements) };
}
