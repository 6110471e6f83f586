import { expect, test } from "vitest";
import { leftOutMessage, leftOutRecord } from "./left-out.ts";

test("a message counts what was left out by reason, with a few examples", () => {
  const links = ["a", "b", "c", "d"].map((name) => ({ file: `in/${name}.png`, reason: "link" }) as const);
  expect(leftOutMessage([{ file: "in/x/s.jp2", reason: "unread" }, ...links])).toBe(
    'skipped in the input folders: 1 image in an unsupported format ("s.jp2"); 4 broken links ("a.png", "b.png", "c.png", ...). Files are read if they end in png, jpg, jpeg, tif, tiff, webp, bmp, gif, nii, nii.gz, hdr, dcm, dicom or ima.',
  );
  expect(leftOutMessage([])).toBeUndefined();
});

test("a record counts all that was left out and names a hundred", () => {
  const leftOut = Array.from({ length: 150_000 }, (_, i) => ({ file: `${i}`, reason: i % 2 ? "other" : "hidden" }) as const);
  const record = leftOutRecord(leftOut)!;
  expect(record.counts).toEqual({ hidden: 75_000, other: 75_000 });
  expect(record.files).toEqual(leftOut.slice(0, 100));
  expect(leftOutRecord([])).toBeUndefined();
});
