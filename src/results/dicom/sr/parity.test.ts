import { expect, test } from "vitest";
import { caseSource, openCase } from "../../../../test/support/parity-source.ts";
import { describeWith, sharedJson, sharedPath } from "../../../../test/support/shared-data.ts";
import type { Attributes } from "../../../dicom/attributes.ts";
import { readDicom } from "../../../dicom/read-file.ts";
import { deterministicUids } from "../../../dicom/uid.ts";
import { readSafetensors } from "../../../tensor/safetensors.ts";
import { encodeSr } from "./encode-sr.ts";
import { measureMask } from "./measure-mask.ts";

type CodeTriple = readonly [value: string, scheme: string, meaning: string];
interface Case {
  readonly file: string;
  readonly sop_class: string;
  readonly source: string;
  readonly segmentation: string;
  readonly finding: CodeTriple;
  readonly finding_category: CodeTriple;
  readonly measurements: readonly { readonly name: CodeTriple; readonly unit: string; readonly value: number }[];
}

const codeOf = (item: Attributes, sequence: string) => {
  const code = item.items(sequence)[0];
  return code && [code.text("CodeValue"), code.text("CodingSchemeDesignator"), code.text("CodeMeaning")];
};

/** What a report says, in the form of the case. */
function readReport(attributes: Attributes) {
  const groups = attributes.items("ContentSequence").flatMap((item) => item.items("ContentSequence"));
  const content = groups.flatMap((group) => group.items("ContentSequence"));
  const named = (value: string) => content.find((item) => codeOf(item, "ConceptNameCodeSequence")?.[0] === value)!;
  const sop = (value: string) => named(value).items("ReferencedSOPSequence")[0]!.text("ReferencedSOPInstanceUID");
  return {
    sop_class: attributes.text("SOPClassUID"),
    templates: [attributes, ...groups].map((item) => item.items("ContentTemplateSequence")[0]?.text("TemplateIdentifier")),
    finding: codeOf(named("121071"), "ConceptCodeSequence"),
    finding_category: codeOf(named("276214006"), "ConceptCodeSequence"),
    segmentation: sop("121214"),
    source: sop("121233"),
    measurements: content.flatMap((item) => {
      const measured = item.items("MeasuredValueSequence")[0];
      const unit = measured?.items("MeasurementUnitsCodeSequence")[0]?.text("CodeValue");
      return measured ? [{ name: codeOf(item, "ConceptNameCodeSequence"), unit, value: measured.number("NumericValue")! }] : [];
    }),
  };
}

describeWith(["parity/dicom/sr.json"], "TID 1500 reports", () => {
  const { cases } = sharedJson<{ cases: Case[] }>("parity/dicom/sr.json");

  test.each(cases)("$file is read and written with the same content", async ({ file, source: folder, segmentation, ...expected }) => {
    const source = caseSource(folder);
    const seg = openCase(segmentation).attributes;
    const reference = { sop_class: expected.sop_class, finding: expected.finding, finding_category: expected.finding_category };
    const theirs = readReport(openCase(file).attributes);
    expect(theirs).toMatchObject({ ...reference, measurements: expected.measurements, templates: ["1500", "1410"] });
    expect(theirs.segmentation).toBe(seg.text("SOPInstanceUID"));

    const { tensors } = await readSafetensors(sharedPath("parity/dicom", segmentation.replace("seg.dcm", "masks.safetensors")));
    const { data, shape } = tensors.get("masks")!;
    const [height, width] = shape.slice(-2) as [number, number];
    const mask = { width, height, data: Uint8Array.from(Array.from(data.slice(0, width * height), Number)) };
    const [row, column] = source[0]!.header.numbers("PixelSpacing");
    const structure = { label: expected.finding[2].toLowerCase(), prompts: [], colour: [255, 0, 0] };
    const measures = measureMask(mask, [row!, column!])!;
    const bytes = await encodeSr(
      source,
      [{ structure, measures, frame: 0, segFrame: 1, trackingUid: "2.25.1" }],
      { classUid: seg.text("SOPClassUID")!, instanceUid: seg.text("SOPInstanceUID")!, seriesUid: seg.text("SeriesInstanceUID")! },
      { uids: deterministicUids(["test"], file), now: undefined, strip: false, models: [] },
    );
    const { measurements, ...ours } = readReport(readDicom({ name: "written", bytes }).attributes);
    const { measurements: wanted, ...others } = theirs;
    expect(ours).toEqual(others);
    expect(measurements.map(({ name, unit }) => [name, unit])).toEqual(wanted.map(({ name, unit }) => [name, unit]));
    for (const [i, { value }] of measurements.entries()) expect(value).toBeCloseTo(wanted[i]!.value, 4);
  });
});
