import type { UidSource } from "../../dicom/uid.ts";
import type { DataSet } from "../../dicom/write/data-set.ts";
import type { Keyword } from "../../dicom/write/elements.ts";
import { version } from "../../version.ts";
import { type Code, type Concept, privateScheme, shortText } from "./concepts.ts";
import type { SourceFrame } from "./source.ts";

/** A structure whose masks an object holds. */
export interface Structure {
  /** Its label: the target's name, else its prompt. */
  readonly label: string;
  /** The text prompts that the masks were made with, if they are known. */
  readonly prompts: readonly string[];
  /** Red, green and blue, 0 to 255. */
  readonly colour: readonly number[];
}

/** A model that made masks. */
export interface UsedModel {
  readonly name: string;
  readonly sha256: string;
}

/** What every object that refers to a source has in common. */
export interface ObjectOptions {
  readonly uids: UidSource;
  /** Time of the export; undefined: that of the source, for the same bytes at each export. */
  readonly now: Date | undefined;
  /** Leave empty what the standard lets be empty, and leave out what it does not require. */
  readonly strip: boolean;
  readonly models: readonly UsedModel[];
}

/** This package as the equipment that made an object. */
export const maker = { manufacturer: "medclip-sam", model: "medclip-sam", serial: "none" } as const;

/** Attributes of patient and study that an object must have, but which may be empty (type 2). */
const required = [
  "StudyDate",
  "StudyTime",
  "AccessionNumber",
  "ReferringPhysicianName",
  "PatientName",
  "PatientID",
  "PatientBirthDate",
  "PatientSex",
  "StudyID",
] as const satisfies readonly Keyword[];

/** Those that it may have (type 3). */
const optional = ["StudyDescription", "IssuerOfPatientID", "PatientAge"] as const satisfies readonly Keyword[];

/** The patient and the study of the source. */
export function patientAndStudy([first]: readonly SourceFrame[], { strip }: ObjectOptions): DataSet {
  const { header } = first!;
  const copied = (keywords: readonly Keyword[]) => Object.fromEntries(keywords.map((keyword) => [keyword, [...header.texts(keyword)]]));
  return {
    StudyInstanceUID: header.text("StudyInstanceUID") ?? "",
    ...(strip ? Object.fromEntries(required.map((keyword) => [keyword, ""])) : copied(required)),
    ...(strip ? {} : copied(optional.filter((keyword) => header.has(keyword)))),
  };
}

/** When an object was made. */
export interface Made {
  readonly date: string;
  readonly time: string;
}

export function madeAt([first]: readonly SourceFrame[], { now }: ObjectOptions): Made {
  if (now) {
    const two = (value: number) => String(value).padStart(2, "0");
    return {
      date: `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`,
      time: `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`,
    };
  }
  const { header } = first!;
  const of = (keywords: readonly string[]) => keywords.map((keyword) => header.text(keyword)).find((text) => text !== undefined);
  return { date: of(["ContentDate", "StudyDate"]) ?? "19700101", time: of(["ContentTime", "StudyTime"]) ?? "000000" };
}

/** A new series of the source's study. */
export async function newSeries(
  kind: { readonly modality: string; readonly number: number; readonly description: string },
  { uids }: ObjectOptions,
): Promise<DataSet> {
  return {
    Modality: kind.modality,
    SeriesInstanceUID: await uids(`series ${kind.modality}`),
    SeriesNumber: kind.number,
    SeriesDescription: kind.description,
    InstanceNumber: 1,
  };
}

export const equipment: DataSet = {
  Manufacturer: maker.manufacturer,
  ManufacturerModelName: maker.model,
  DeviceSerialNumber: maker.serial,
  SoftwareVersions: version,
};

/** The frame of reference of the source. */
export function frameOfReference([first]: readonly SourceFrame[]): DataSet {
  const { header } = first!;
  return {
    FrameOfReferenceUID: header.text("FrameOfReferenceUID") ?? "",
    PositionReferenceIndicator: header.text("PositionReferenceIndicator") ?? "",
  };
}

/** Whether pixels were once compressed with loss: once so, always so. */
export function lossyFlags(frames: readonly SourceFrame[]): DataSet {
  const lossy = frames.find(({ header }) => header.text("LossyImageCompression") === "01")?.header;
  if (!lossy) return { LossyImageCompression: "00" };
  const copied = (keyword: Keyword) => (lossy.has(keyword) ? { [keyword]: [...lossy.texts(keyword)] } : {});
  return { LossyImageCompression: "01", ...copied("LossyImageCompressionRatio"), ...copied("LossyImageCompressionMethod") };
}

export const codeItem = ({ value, scheme, meaning }: Code): DataSet => ({
  CodeValue: value,
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
});

/** Names the private coding scheme where one of the concepts needs it. */
export function codingSchemes(concepts: readonly Concept[]): DataSet {
  if (!concepts.some(({ type }) => type.scheme === privateScheme.designator)) return {};
  return {
    CodingSchemeIdentificationSequence: [{ CodingSchemeDesignator: privateScheme.designator, CodingSchemeName: privateScheme.name }],
  };
}

/** What a mask was made with, for attributes of free text: the prompts and the hashes of the models. */
export function parametersText({ prompts }: Structure, { models }: ObjectOptions): string {
  return [
    ...prompts.map((prompt) => `prompt: ${shortText(prompt, 1000)}`),
    ...models.map(({ name, sha256 }) => `model ${shortText(name, 64)}: sha256 ${sha256}`),
  ].join("\n");
}

/** The algorithm that made a structure's masks. */
export function algorithmItem(structure: Structure, options: ObjectOptions): DataSet {
  return {
    AlgorithmFamilyCodeSequence: [codeItem({ value: "123110", scheme: "DCM", meaning: "Artificial Intelligence" })],
    AlgorithmName: maker.model,
    AlgorithmVersion: version,
    AlgorithmParameters: parametersText(structure, options).slice(0, 10240) || undefined,
  };
}
