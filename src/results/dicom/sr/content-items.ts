import type { DataSet } from "../../../dicom/write/data-set.ts";
import type { Code } from "../concepts.ts";
import { codeItem } from "../modules.ts";

/** How a content item relates to the one around it. */
type Relation = "CONTAINS" | "HAS CONCEPT MOD" | "HAS OBS CONTEXT";

export const dcm = (value: string, meaning: string): Code => ({ value, scheme: "DCM", meaning });

const item = (relation: Relation, type: string, name: Code): DataSet => ({
  RelationshipType: relation,
  ValueType: type,
  ConceptNameCodeSequence: [codeItem(name)],
});

export const codeContent = (relation: Relation, name: Code, value: Code): DataSet => ({
  ...item(relation, "CODE", name),
  ConceptCodeSequence: [codeItem(value)],
});

export const textContent = (relation: Relation, name: Code, text: string): DataSet => ({
  ...item(relation, "TEXT", name),
  TextValue: text,
});

export const uidContent = (relation: Relation, name: Code, uid: string): DataSet => ({ ...item(relation, "UIDREF", name), UID: uid });

export const imageContent = (name: Code, reference: DataSet): DataSet => ({
  ...item("CONTAINS", "IMAGE", name),
  ReferencedSOPSequence: [reference],
});

export const container = (name: Code, content: readonly DataSet[], template?: string): DataSet => ({
  ...item("CONTAINS", "CONTAINER", name),
  ContinuityOfContent: "SEPARATE",
  ...(template !== undefined && { ContentTemplateSequence: [templateItem(template)] }),
  ContentSequence: content,
});

export const templateItem = (identifier: string): DataSet => ({ MappingResource: "DCMR", TemplateIdentifier: identifier });

/** A number with its unit, as decimal text and as the double behind it. */
export function numberContent(name: Code, value: number, unit: Code): DataSet {
  return {
    ...item("CONTAINS", "NUM", name),
    MeasuredValueSequence: [
      {
        MeasurementUnitsCodeSequence: [codeItem(unit)],
        NumericValue: Number(value.toPrecision(10)),
        FloatingPointValue: value,
      },
    ],
  };
}
