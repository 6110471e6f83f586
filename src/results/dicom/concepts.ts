/** A coded concept. */
export interface Code {
  /** At most 16 characters. */
  readonly value: string;
  /** Designator of the coding scheme, such as "SCT" (SNOMED CT). */
  readonly scheme: string;
  /** At most 64 characters. */
  readonly meaning: string;
}

/** What a segment shows. */
export interface Concept {
  readonly category: Code;
  readonly type: Code;
  /** Such as the side. */
  readonly modifier?: Code | undefined;
  readonly region?: Code | undefined;
}

/** The scheme of our own codes, for prompts without a code of SNOMED CT. */
export const privateScheme = { designator: "99MEDCLIPSAM", name: "medclip-sam: the text prompt itself" } as const;

const sct = (value: string, meaning: string): Code => ({ value, scheme: "SCT", meaning });

const anatomy = sct("91723000", "Anatomical Structure");
const abnormal = sct("49755003", "Morphologically Abnormal Structure");
const tissue = sct("85756007", "Tissue");

const [left, right] = [sct("7771000", "Left"), sct("24028007", "Right")];
const lung = sct("39607008", "Lung");
const brain = sct("12738006", "Brain");
const breast = sct("76752008", "Breast");
const neoplasm = sct("108369006", "Neoplasm");
const lesion = sct("52988006", "Lesion");

interface Row extends Concept {
  /** In lower case and American spelling, singular. A text has this concept if it is one of them as a whole. */
  readonly names: readonly string[];
  /** Whether there is one on each side, so that "left" or "right" may stand before the name. */
  readonly isPaired?: boolean;
}

/**
 * Which names have which codes of SNOMED CT.
 *
 * @see DICOM PS3.16, context groups 7150 (categories), 7166, 7159 (types), 244 (sides)
 */
const table: readonly Row[] = [
  { names: ["lung"], category: anatomy, type: lung, isPaired: true },
  { names: ["heart"], category: anatomy, type: sct("80891009", "Heart") },
  { names: ["left atrium"], category: anatomy, type: sct("82471001", "Left atrium") },
  { names: ["brain"], category: anatomy, type: brain },
  { names: ["trachea"], category: anatomy, type: sct("44567001", "Trachea") },
  {
    names: ["carotid", "carotid artery", "common carotid", "common carotid artery"],
    category: anatomy,
    type: sct("32062004", "Common carotid artery"),
    isPaired: true,
  },
  { names: ["prostate"], category: anatomy, type: sct("41216001", "Prostate") },
  { names: ["liver"], category: anatomy, type: sct("10200004", "Liver") },
  { names: ["spleen"], category: anatomy, type: sct("78961009", "Spleen") },
  { names: ["kidney"], category: anatomy, type: sct("64033007", "Kidney"), isPaired: true },
  { names: ["breast mass"], category: abnormal, type: sct("4147007", "Mass"), region: breast },
  { names: ["breast lesion"], category: abnormal, type: lesion, region: breast },
  { names: ["lung nodule"], category: abnormal, type: sct("27925004", "Nodule"), region: lung },
  { names: ["brain tumor", "glioma"], category: abnormal, type: neoplasm, region: brain },
  { names: ["meningioma"], category: abnormal, type: neoplasm, region: sct("1231004", "Meninges") },
  { names: ["pituitary tumor"], category: abnormal, type: neoplasm, region: sct("56329008", "Pituitary") },
  { names: ["skin lesion"], category: abnormal, type: lesion, region: sct("39937001", "Skin") },
];

/**
 * The concept of a target: by its label or, where that is unknown, by its only prompt. Only a text that is a name of the table as a whole has a
 * code of SNOMED CT: "left lung", "the lungs", "left_lung", but neither "lung base" nor "no lung". Any other target keeps its own words under a
 * private code, those of its prompt if there is one, and no organ is guessed.
 */
export function conceptOf(label: string, prompts: readonly string[] = []): Concept {
  const [prompt] = prompts;
  return knownConcept(label) ?? (prompts.length === 1 ? knownConcept(prompt!) : undefined) ?? unknownConcept(prompt ?? label);
}

function knownConcept(text: string): Concept | undefined {
  const words = plainWords(text);
  const whole = table.find(({ names }) => names.includes(words));
  if (whole) return { category: whole.category, type: whole.type, region: whole.region };
  const [, side, rest] = /^(left|right) (.+)$/.exec(words) ?? [];
  const sided = table.find(({ names, isPaired }) => isPaired && names.includes(rest ?? ""));
  return sided && { category: sided.category, type: sided.type, region: sided.region, modifier: side === "left" ? left : right };
}

/** Lower case, American spelling, singular, one space between words, without an article. */
function plainWords(text: string): string {
  const words = text
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim()
    .replace(/^(?:the|an?) /, "")
    .replace(/\btumour/g, "tumor");
  return words.replace(/\w+$/, (last) => singular.get(last) ?? last);
}

const singular: ReadonlyMap<string, string> = new Map([
  ["lungs", "lung"],
  ["kidneys", "kidney"],
  ["carotids", "carotid"],
  ["arteries", "artery"],
  ["nodules", "nodule"],
  ["lesions", "lesion"],
  ["masses", "mass"],
  ["tumors", "tumor"],
  ["gliomas", "glioma"],
  ["meningiomas", "meningioma"],
]);

/** Words for what is abnormal, whatever it is. */
const abnormalWords =
  /\b(?:tumor|cancer|carcinoma|lesion|nodule|mass|cyst|polyp|metastas[ei]s|abnormalit(?:y|ies)|infection|fracture|edema)s?\b/;

function unknownConcept(text: string): Concept {
  const meaning = shortText(text, 64) || "unnamed";
  return {
    category: abnormalWords.test(plainWords(text)) ? abnormal : tissue,
    type: { value: codeOf(meaning), scheme: privateScheme.designator, meaning },
  };
}

/** A code that differs where meanings differ: FNV-1a with 64 bits. */
function codeOf(meaning: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(meaning)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `P${hash.toString(36).toUpperCase()}`;
}

/** A text for an attribute of limited length: on one line, without what separates values. */
export function shortText(text: string, longest: number): string {
  const line = text.replace(/[\p{Cc}\\\s]+/gu, " ").trim();
  return Array.from(line).slice(0, longest).join("").trim();
}
