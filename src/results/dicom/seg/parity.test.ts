import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { caseSource } from "../../../../test/support/parity-source.ts";
import { describeWith, sharedJson, sharedPath } from "../../../../test/support/shared-data.ts";
import { readDicom } from "../../../dicom/read-file.ts";
import { deterministicUids } from "../../../dicom/uid.ts";
import { readSafetensors } from "../../../tensor/safetensors.ts";
import type { SourceFrame } from "../source.ts";
import { encodeSeg, type SegKind, type SegStructure } from "./encode-seg.ts";
import { masksOfSeg } from "./masks-of-seg.ts";
import { readSeg } from "./read-seg.ts";

type CodeTriple = readonly [value: string, scheme: string, meaning: string];
interface ExpectedSegment {
  readonly number: number;
  readonly label: string;
  readonly category: CodeTriple;
  readonly type: CodeTriple;
  readonly type_modifier: CodeTriple | null;
  readonly anatomic_region: CodeTriple | null;
  readonly algorithm_type: string;
  readonly algorithm_name: string;
  readonly non_empty_frames: readonly {
    readonly source: string;
    readonly source_frame?: number;
    readonly pixels: number;
    readonly sha256_uint8: string;
  }[];
  readonly sha256_stack_uint8: string;
}
interface Case {
  readonly folder: string;
  readonly note: string;
  readonly expected: {
    readonly sop_class: string;
    readonly type: string;
    readonly frames: number;
    readonly rows: number;
    readonly columns: number;
    readonly frame_of_reference: string | null;
    readonly referenced_series: string;
    readonly segments_overlap: string;
    readonly segments: readonly ExpectedSegment[];
  };
}

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

const triple = (code: { value: string; scheme: string; meaning: string } | undefined) =>
  code ? [code.value, code.scheme, code.meaning] : null;

/** Checks a segmentation against what its case expects. */
async function expectSeg(bytes: Uint8Array, { expected, folder }: Case, source: readonly SourceFrame[]) {
  const file = readDicom({ name: folder, bytes });
  const seg = readSeg(file);
  expect(file.attributes.text("SOPClassUID")).toBe(expected.sop_class);
  expect([seg.kind.toUpperCase(), seg.rows, seg.columns]).toEqual([expected.type, expected.rows, expected.columns]);
  expect(seg.frameOfReference ?? null).toBe(expected.frame_of_reference);
  expect(seg.referencedSeries).toEqual([expected.referenced_series]);
  expect(seg.segmentsOverlap).toBe(expected.segments_overlap);
  const masks = masksOfSeg(seg, source);
  expect(seg.segments.length).toBe(expected.segments.length);
  for (const [i, segment] of seg.segments.entries()) {
    const wanted = expected.segments[i]!;
    expect([segment.number, segment.label, segment.algorithmType, segment.algorithmName]).toEqual([
      wanted.number,
      wanted.label,
      wanted.algorithm_type,
      wanted.algorithm_name,
    ]);
    expect([segment.category, segment.type, segment.modifier, segment.region].map(triple)).toEqual([
      wanted.category,
      wanted.type,
      wanted.type_modifier,
      wanted.anatomic_region,
    ]);
    const size = seg.rows * seg.columns;
    const stack = new Uint8Array(masks.count * size);
    for (let frame = 0; frame < masks.count; frame++) stack.set((await masks.levelsOf(segment, frame)) ?? [], frame * size);
    expect(sha256(stack)).toBe(wanted.sha256_stack_uint8);
    for (const { source: uid, source_frame, pixels, sha256_uint8 } of wanted.non_empty_frames) {
      const frame = source.findIndex(
        ({ header, number }) => header.text("SOPInstanceUID") === uid && (source_frame === undefined || number === source_frame),
      );
      const levels = (await masks.levelsOf(segment, frame))!;
      expect([levels.filter((level) => level !== 0).length, sha256(levels)]).toEqual([pixels, sha256_uint8]);
    }
  }
  return seg;
}

/** Segments of a case with the masks of its tensor [segment, frame, row, column]. */
async function structuresOf({ folder, expected }: Case): Promise<SegStructure[]> {
  const { tensors } = await readSafetensors(sharedPath("parity/dicom", folder, "masks.safetensors"));
  const { data, shape } = tensors.get("masks")!;
  const size = expected.rows * expected.columns;
  return expected.segments.map(({ label }, segment) => ({
    label,
    prompts: [`An image showing the ${label}`],
    colour: [255, 0, 0],
    levelsOf: async (index) => {
      const at = (segment * shape[1]! + index) * size;
      const values = Array.from(data.slice(at, at + size), Number);
      return Uint8Array.from(values, (value) => (expected.type === "FRACTIONAL" ? Math.round(255 * value) : value));
    },
  }));
}

describeWith(["parity/dicom/seg.json"], "DICOM SEG as highdicom writes and reads it", () => {
  const { cases } = sharedJson<{ cases: Case[] }>("parity/dicom/seg.json");

  test.each(cases)("$folder is read: $note", async (each) => {
    const bytes = readFileSync(sharedPath("parity/dicom", each.folder, "seg.dcm"));
    expect((await expectSeg(bytes, each, caseSource(`${each.folder}/source`))).frames.length).toBe(each.expected.frames);
  });

  test.each(cases)("$folder is written, and read back equal", async (each) => {
    const source = caseSource(`${each.folder}/source`);
    const kind = each.expected.type.toLowerCase() as SegKind;
    const structures = await structuresOf(each);
    const options = { kind, uids: deterministicUids(["test"], each.folder), now: undefined, strip: false, keepEmpty: false, models: [] };
    const { bytes, empty } = await encodeSeg(source, structures, options);
    expect(empty).toEqual([]);
    await expectSeg(bytes!, each, source);
    expect((await encodeSeg(source, structures, options)).bytes).toEqual(bytes);
  });
});
