import { expect, test } from "vitest";
import { ctSlice, dicomBytes, uids } from "./dicom-bytes.ts";

test("a DICOM file begins with a preamble and its transfer syntax, and ends with its pixels", () => {
  const bytes = Buffer.from(dicomBytes(ctSlice({ Rows: 1, Columns: 2, PixelData: Int16Array.of(-2, 3) })));
  expect(bytes.toString("latin1", 128, 132)).toBe("DICM");
  expect(bytes.includes(`${uids.explicitLittle}\0`)).toBe(true);
  expect(bytes.subarray(-16).toString("hex")).toBe("e07f10004f57000004000000feff0300");
});
