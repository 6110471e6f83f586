/** A kind of medical picture, by the words and codes that name it. */
interface ModalityRow {
  readonly name: string;
  readonly words: RegExp;
  /** Values of the DICOM attribute Modality. */
  readonly dicom: readonly string[];
  /** Another name that is right for it, too. */
  readonly isAlso?: string;
}

/**
 * The modalities that sentences about medical pictures name.
 *
 * @see DICOM PS3.3, C.7.3.1.1.1 (Modality)
 */
const modalities: readonly ModalityRow[] = [
  { name: "ultrasound", words: /\bultraso(?:und|nic|nograph)\w*|\bsonogra\w*|\bechocardiogra\w*|\bechograph\w*/i, dicom: ["US", "IVUS"] },
  { name: "mammogram", words: /\bmammogra\w*|\btomosynthesis\b/i, dicom: ["MG"], isAlso: "X-ray" },
  { name: "X-ray", words: /\bx[- ]?rays?\b|\bradiograph(?:s|ic|y)?\b|\bröntgen\w*|\broentgen\w*/i, dicom: ["CR", "DX", "RG", "PX", "IO"] },
  { name: "CT", words: /\bct\b|\bcts\b|\bcbct\b|\bcomputed tomogra\w*|\bcomputerized tomogra\w*|\bcat scans?\b/i, dicom: ["CT"] },
  { name: "MRI", words: /\bf?mris?\b|\bmr (?:image|scan|slice)s?\b|\bmagnetic resonance\b|\bflair\b|\bt[12]-weighted\b/i, dicom: ["MR"] },
  { name: "PET", words: /\bPET\b|\bpositron emission\b/, dicom: ["PT"], isAlso: "CT" },
  { name: "fluoroscopy", words: /\bfluoroscop\w*/i, dicom: ["XA", "RF"], isAlso: "X-ray" },
  { name: "endoscopy", words: /\bendoscop\w*|\bcolonoscop\w*|\bgastroscop\w*/i, dicom: ["ES"] },
  { name: "fundus photograph", words: /\bfundus\b|\bfunduscop\w*|\bretinal photo\w*/i, dicom: ["OP"] },
  { name: "dermoscopy", words: /\bderm(?:at)?oscop\w*/i, dicom: ["DMS"] },
  { name: "microscopy", words: /\bmicroscop\w*|\bhistolog\w*|\bhistopatholog\w*|\bh&e\b/i, dicom: ["SM", "GM"] },
];

/** Names of modalities in a text, each once: "ultrasound", "mammogram", "X-ray", "CT", "MRI". */
export function modalitiesIn(text: string): string[] {
  return modalities.flatMap(({ name, words }) => (words.test(text) ? [name] : []));
}

/** The name of a value of the DICOM attribute Modality; undefined for one that is none of ours, such as "OT". */
export function modalityOfDicom(code: string): string | undefined {
  return modalities.find(({ dicom }) => dicom.includes(code))?.name;
}

/** Names of modalities in a text that are not those of its picture. @param modality - name of the picture's */
export function otherModalities(text: string, modality: string): string[] {
  const also = modalities.find(({ name }) => name === modality)?.isAlso;
  return modalitiesIn(text).filter((name) => name !== modality && name !== also);
}
