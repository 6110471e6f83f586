import type { DataSet } from "../../../dicom/write/data-set.ts";
import { encodeDicom } from "../../../dicom/write/encode-file.ts";
import { version } from "../../../version.ts";
import { conceptOf, shortText } from "../concepts.ts";
import {
  codeItem,
  codingSchemes,
  equipment,
  madeAt,
  maker,
  newSeries,
  type ObjectOptions,
  parametersText,
  patientAndStudy,
  type Structure,
} from "../modules.ts";
import { instancesBySeries, referenceTo, type SourceFrame } from "../source.ts";
import { codeContent, container, dcm, imageContent, numberContent, templateItem, textContent, uidContent } from "./content-items.ts";
import type { MaskMeasures } from "./measure-mask.ts";

const comprehensive3dSr = "1.2.840.10008.5.1.4.1.1.88.34";

/** The measures of a structure in a frame of the source, and the frame of a segmentation that shows what was measured. */
export interface Measured {
  readonly structure: Structure;
  readonly measures: MaskMeasures;
  /** Of the source, from 0. */
  readonly frame: number;
  /** Number of the frame in the segmentation, from 1. */
  readonly segFrame: number;
  readonly trackingUid: string;
}

/** The segmentation that a report refers to. */
export interface SegReference {
  readonly classUid: string;
  readonly instanceUid: string;
  readonly seriesUid: string;
}

const sct = (value: string, meaning: string) => ({ value, scheme: "SCT", meaning });
const [mm, mm2] = [
  { value: "mm", scheme: "UCUM", meaning: "millimeter" },
  { value: "mm2", scheme: "UCUM", meaning: "square millimeter" },
];

/**
 * A structured report of areas and diameters (TID 1500, Comprehensive 3D SR): one group of measurements (TID 1410) for each structure and frame.
 *
 * @see DICOM PS3.16, TID 1500 and TID 1410
 */
export async function encodeSr(
  source: readonly SourceFrame[],
  measured: readonly Measured[],
  seg: SegReference,
  options: ObjectOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { date, time } = madeAt(source, options);
  const series = [...instancesBySeries(source)].map(([SeriesInstanceUID, ReferencedSOPSequence]) => ({
    SeriesInstanceUID,
    ReferencedSOPSequence,
  }));
  const segInstance = { ReferencedSOPClassUID: seg.classUid, ReferencedSOPInstanceUID: seg.instanceUid };
  const concepts = [...new Set(measured.map(({ structure }) => structure))].map(({ label, prompts }) => conceptOf(label, prompts));
  return encodeDicom(
    { classUid: comprehensive3dSr, instanceUid: await options.uids("object SR") },
    {
      InstanceCreationDate: date,
      InstanceCreationTime: time,
      ContentDate: date,
      ContentTime: time,
      ...patientAndStudy(source, options),
      ...(await newSeries({ modality: "SR", number: 9003, description: "Measurements by medclip-sam" }, options)),
      SeriesDate: date,
      SeriesTime: time,
      ...equipment,
      ReferencedPerformedProcedureStepSequence: [],
      PerformedProcedureCodeSequence: [],
      CurrentRequestedProcedureEvidenceSequence: [
        {
          StudyInstanceUID: source[0]!.header.text("StudyInstanceUID") ?? "",
          ReferencedSeriesSequence: [...series, { SeriesInstanceUID: seg.seriesUid, ReferencedSOPSequence: [segInstance] }],
        },
      ],
      CompletionFlag: "COMPLETE",
      VerificationFlag: "UNVERIFIED",
      PreliminaryFlag: "PRELIMINARY",
      ...codingSchemes(concepts),
      ValueType: "CONTAINER",
      ConceptNameCodeSequence: [codeItem(dcm("126000", "Imaging Measurement Report"))],
      ContinuityOfContent: "SEPARATE",
      ContentTemplateSequence: [templateItem("1500")],
      ContentSequence: [
        codeContent("HAS CONCEPT MOD", dcm("121049", "Language of Content Item and Descendants"), {
          value: "en-US",
          scheme: "RFC5646",
          meaning: "English (United States)",
        }),
        codeContent("HAS OBS CONTEXT", dcm("121005", "Observer Type"), dcm("121007", "Device")),
        uidContent("HAS OBS CONTEXT", dcm("121012", "Device Observer UID"), await options.uids("device")),
        textContent("HAS OBS CONTEXT", dcm("121013", "Device Observer Name"), maker.model),
        codeContent("HAS CONCEPT MOD", dcm("121058", "Procedure reported"), sct("363679005", "Imaging procedure")),
        container(
          dcm("126010", "Imaging Measurements"),
          measured.map((each) => groupOf(each, source, segInstance, options)),
        ),
      ],
    },
  );
}

/** The measurements of one structure in one frame. */
function groupOf(
  { structure, measures, frame, segFrame, trackingUid }: Measured,
  source: readonly SourceFrame[],
  segInstance: DataSet,
  options: ObjectOptions,
): DataSet {
  const { category, type, modifier, region } = conceptOf(structure.label, structure.prompts);
  const finding = codeContent("CONTAINS", dcm("121071", "Finding"), type);
  const parameters = parametersText(structure, options);
  return container(
    dcm("125007", "Measurement Group"),
    [
      textContent("HAS OBS CONTEXT", dcm("112039", "Tracking Identifier"), shortText(structure.label, 64)),
      uidContent("HAS OBS CONTEXT", dcm("112040", "Tracking Unique Identifier"), trackingUid),
      codeContent("CONTAINS", sct("276214006", "Finding category"), category),
      finding,
      ...(region ? [siteContent(region)] : []),
      ...(modifier ? [codeContent("HAS CONCEPT MOD", sct("272741003", "Laterality"), modifier)] : []),
      textContent("HAS CONCEPT MOD", dcm("111001", "Algorithm Name"), maker.model),
      textContent("HAS CONCEPT MOD", dcm("111003", "Algorithm Version"), version),
      ...(parameters === "" ? [] : [textContent("HAS CONCEPT MOD", dcm("111002", "Algorithm Parameters"), parameters)]),
      imageContent(dcm("121214", "Referenced Segmentation Frame"), { ...segInstance, ReferencedFrameNumber: segFrame }),
      imageContent(dcm("121233", "Source Image for Segmentation"), referenceTo(source[frame]!)),
      numberContent(sct("42798000", "Area"), measures.areaMm2, mm2!),
      numberContent(sct("103339001", "Long axis"), measures.longAxisMm, mm!),
      numberContent(sct("103340004", "Short axis"), measures.shortAxisMm, mm!),
    ],
    "1410",
  );
}

const siteContent = (region: Parameters<typeof codeContent>[2]) => codeContent("HAS CONCEPT MOD", sct("363698007", "Finding Site"), region);
