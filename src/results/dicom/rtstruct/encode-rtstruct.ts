import type { DataSet } from "../../../dicom/write/data-set.ts";
import { encodeDicom } from "../../../dicom/write/encode-file.ts";
import { InputError } from "../../../errors.ts";
import { keyholeContours } from "../../../image/iso-contours.ts";
import type { Mask } from "../../../image/types.ts";
import { type Concept, conceptOf, shortText } from "../concepts.ts";
import {
  codeItem,
  codingSchemes,
  equipment,
  frameOfReference,
  madeAt,
  newSeries,
  type ObjectOptions,
  parametersText,
  patientAndStudy,
  type Structure,
} from "../modules.ts";
import { inPatient } from "../slice-places.ts";
import { instancesBySeries, type Plane, planesOf, referenceTo, type SourceFrame } from "../source.ts";

/** SOP class of structure sets. */
export const rtStructClass = "1.2.840.10008.5.1.4.1.1.481.3";

/** Stands for the study among the references. */
const studyClass = "1.2.840.10008.3.1.2.3.1";

/** A structure and its masks. */
export interface ContouredStructure extends Structure {
  /** @param index - of the frame, from 0 @returns undefined where the mask is empty */
  maskOf(index: number): Promise<Mask | undefined>;
}

export interface EncodedRtStruct {
  /** The file; undefined where no structure has a pixel. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Structures without a pixel, by their place in the list given. */
  readonly empty: readonly number[];
}

/**
 * RTSTRUCT of masks: contours by marching squares at 0.5, which give the masks back exactly; holes are joined by keyholes, and straight runs are
 * one edge.
 *
 * @throws InputError when the place of a frame in the patient is unknown
 * @see DICOM PS3.3, A.19
 */
export async function encodeRtStruct(
  source: readonly SourceFrame[],
  structures: readonly ContouredStructure[],
  options: ObjectOptions & { readonly keepEmpty: boolean },
): Promise<EncodedRtStruct> {
  const planes = planesOf(source);
  if (!planes)
    throw new InputError("the source does not say where its frames lie in the patient, which contours (RTSTRUCT) need. Write dicom-seg.");
  const contours = await Promise.all(structures.map((structure) => contoursOf(structure, source, planes)));
  const empty = contours.flatMap((items, i) => (items.length === 0 ? [i] : []));
  const used = structures.flatMap((_, i) => (empty.includes(i) && !options.keepEmpty ? [] : [i]));
  if (used.length === 0) return { bytes: undefined, empty };
  const concepts = used.map((i) => conceptOf(structures[i]!.label, structures[i]!.prompts));
  const { date, time } = madeAt(source, options);
  const reference = source[0]!.header.text("FrameOfReferenceUID")!;
  const bytes = encodeDicom(
    { classUid: rtStructClass, instanceUid: await options.uids("object RTSTRUCT") },
    {
      InstanceCreationDate: date,
      InstanceCreationTime: time,
      ...patientAndStudy(source, options),
      ...(await newSeries({ modality: "RTSTRUCT", number: 9002, description: "Contours by medclip-sam" }, options)),
      SeriesDate: date,
      SeriesTime: time,
      OperatorsName: "",
      ...equipment,
      ...frameOfReference(source),
      StructureSetLabel: "medclip-sam",
      StructureSetDate: date,
      StructureSetTime: time,
      ReferencedFrameOfReferenceSequence: [
        {
          FrameOfReferenceUID: reference,
          RTReferencedStudySequence: [
            {
              ReferencedSOPClassUID: studyClass,
              ReferencedSOPInstanceUID: source[0]!.header.text("StudyInstanceUID") ?? "",
              RTReferencedSeriesSequence: [...instancesBySeries(source)].map(([SeriesInstanceUID, ContourImageSequence]) => ({
                SeriesInstanceUID,
                ContourImageSequence,
              })),
            },
          ],
        },
      ],
      StructureSetROISequence: used.map((i, k) => ({
        ROINumber: k + 1,
        ReferencedFrameOfReferenceUID: reference,
        ROIName: shortText(structures[i]!.label, 64),
        ROIDescription: shortText(parametersText(structures[i]!, options), 1024) || undefined,
        ROIGenerationAlgorithm: "AUTOMATIC",
        ROIGenerationDescription: shortText(`medclip-sam ${equipment.SoftwareVersions}`, 64),
      })),
      ROIContourSequence: used.map((i, k) => ({
        ROIDisplayColor: structures[i]!.colour,
        ReferencedROINumber: k + 1,
        ...(contours[i]!.length > 0 && { ContourSequence: contours[i] }),
      })),
      RTROIObservationsSequence: used.map((_, k) => observation(concepts[k]!, k + 1)),
      ApprovalStatus: "UNAPPROVED",
      ...codingSchemes(concepts),
    },
  );
  return { bytes, empty };
}

/** Millionths of a millimetre: far below what a pixel's side tells apart, and short enough for the lengths of explicit files. */
const decimals = 6;

async function contoursOf({ maskOf }: ContouredStructure, source: readonly SourceFrame[], planes: readonly Plane[]): Promise<DataSet[]> {
  const items: DataSet[] = [];
  for (let index = 0; index < source.length; index++) {
    const mask = await maskOf(index);
    if (!mask) continue;
    for (const contour of keyholeContours(mask)) {
      items.push({
        ContourImageSequence: [referenceTo(source[index]!)],
        ContourGeometricType: "CLOSED_PLANAR",
        NumberOfContourPoints: contour.length,
        ContourData: contour.flatMap((point) => inPatient(point, planes[index]!).map((value) => Number(value.toFixed(decimals)))),
      });
    }
  }
  return items;
}

function observation({ category, type }: Concept, number: number): DataSet {
  return {
    ObservationNumber: number,
    ReferencedROINumber: number,
    RTROIIdentificationCodeSequence: [codeItem(type)],
    RTROIInterpretedType: category.meaning === "Anatomical Structure" ? "ORGAN" : "",
    ROIInterpreter: "",
  };
}
