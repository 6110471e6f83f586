import { Draws } from "./_draws.ts";
import type { Modality, StructureFacts } from "./phantom.ts";
import { lesions, type StructureName, structureNames, wordsOf } from "./structures.ts";

/** Wordings for a scan. */
export const modalityWords: Readonly<Record<Modality, readonly string[]>> = {
  "breast-ultrasound": [
    "a breast ultrasound",
    "an ultrasound image of the breast",
    "a breast sonogram",
    "a medical ultrasound of the breast",
  ],
  "brain-mri": [
    "a brain MRI",
    "an MRI scan of the brain",
    "a contrast-enhanced T1 MRI of the brain",
    "a magnetic resonance image of the brain",
  ],
  "chest-xray": ["a chest X-ray", "a chest radiograph", "an X-ray image of the chest", "a frontal chest radiograph"],
  "chest-ct": ["a chest CT", "a CT slice of the chest", "an axial CT of the thorax", "a computed tomography image of the chest"],
};

const sizeWords = { small: ["small", "little"], medium: ["medium", "medium-sized", "moderate"], large: ["large", "big"] } as const;

/** How a lesion is named, by its kind, or by its structure where there are no kinds. None begins with a vowel. */
const lesionWords: Readonly<Record<string, readonly string[]>> = {
  benign: ["benign mass", "smooth benign mass", "well-defined benign tumor", "smooth oval benign lesion", "benign breast tumor"],
  malignant: [
    "malignant mass",
    "spiculated malignant mass",
    "poorly defined malignant tumor",
    "malignant breast tumor",
    "malignant lesion",
  ],
  meningioma: ["meningioma", "dural meningioma", "meningioma tumor"],
  glioma: ["glioma", "ring-enhancing glioma", "glioma tumor"],
  pituitary: ["pituitary tumor", "pituitary adenoma", "pituitary gland tumor"],
  nodule: ["nodule", "lung nodule", "round nodule", "pulmonary nodule"],
  consolidation: ["consolidation", "lung consolidation", "patchy consolidation", "patchy lung opacity"],
};

/** Where a lesion lies; {side} and {site} are its facts. A template is used where the lesion has what it names, and all of it. */
const placeWords: Readonly<Record<Modality, readonly string[]>> = {
  "breast-ultrasound": ["in the {site} part of the breast", "in the {site} half of the image"],
  "brain-mri": [
    "in the {side} {site} region",
    "in the {site} region on the {side} side",
    "in the {site} region",
    "on the {side} side of the brain",
    "of the brain",
  ],
  "chest-xray": ["in the {site} of the {side} lung", "in the {side} lung, {site}"],
  "chest-ct": ["in the {site} part of the {side} lung", "in the {side} lung in its {site} part", "in the {side} lung"],
};

const absence: Readonly<Record<Modality, readonly string[]>> = {
  "breast-ultrasound": ["no mass", "no lesion", "no breast tumor", "normal findings without a mass"],
  "brain-mri": ["no tumor", "no lesion", "no brain tumor", "normal findings without a tumor"],
  "chest-xray": ["no nodule or consolidation", "no lesion", "no lung lesion", "normal findings without a nodule or consolidation"],
  "chest-ct": ["no nodule", "no lesion", "no lung nodule", "normal findings without a nodule"],
};

const scanTemplates = [
  "{scan} showing {shown}, with {finding}.",
  "{scan} with {finding}; in view: {shown}.",
  "{finding} on {scan}. Also shown: {shown}.",
  "{scan}: {finding}. Visible structures: {shown}.",
  "{shown} on {scan}; {finding}.",
];
const bareTemplates = ["{scan} with {finding}.", "{finding} on {scan}.", "{scan}: {finding}."];
const structureTemplates = ["{scan} showing {shown}", "{scan}: {shown}", "{shown} on {scan}", "{scan} with {shown} in view"];
const promptTemplates = ["{scan} showing {shown}", "{scan} with {shown}"];

/** Common words of medical prompts that do not occur in these captions. */
const furtherWords = [
  "photo",
  "picture",
  "scan",
  "medical",
  "patient",
  "finding",
  "disease",
  "region",
  "area",
  "organ",
  "tissue",
  "and",
  "is",
  "there",
];

/** Sites that captions know; any other is used verbatim. */
const siteWords = [
  "upper",
  "middle",
  "lower",
  "deep",
  "zone",
  "frontal",
  "parietal",
  "temporal",
  "occipital",
  "sellar",
  "midline",
  "central",
];
const sites = [...siteWords, "cerebellar", "basal", "anterior", "posterior", "medial", "lateral", "peripheral", "left", "right"];

/** All texts that captions and prompts are made from, for the vocabulary. */
export const captionTexts: readonly string[] = [
  ...Object.values(modalityWords).flat(),
  ...Object.values(sizeWords).flat(),
  ...Object.values(lesionWords).flat(),
  ...Object.values(placeWords).flat(),
  ...Object.values(absence).flat(),
  ...[scanTemplates, bareTemplates, structureTemplates, promptTemplates, furtherWords, sites].flat(),
].map((text) => text.replace(/\{\w+\}/g, " "));

/** The content of a caption: a phantom, or what is known about one. */
export interface Described {
  readonly modality: Modality;
  readonly structures: ReadonlyMap<string, { readonly facts: StructureFacts }>;
}

/**
 * A caption of a scan with varied wording: the modality, the structures that it shows, and its lesion with size, kind, side and site, or
 * that there is none.
 *
 * @param name - names the stream of random numbers; another name gives another wording
 */
export function caption(phantom: Described, name: string, seed: number): string {
  const draws = new Draws(name, seed);
  const scan = draws.pick(modalityWords[phantom.modality]);
  const found = lesions.flatMap((lesion) => {
    const structure = phantom.structures.get(lesion);
    return structure ? [findingOf(phantom.modality, lesion, structure.facts, draws)] : [];
  });
  const finding = found.length > 0 ? found.join(" and ") : draws.pick(absence[phantom.modality]);
  const shown = shuffled(
    [...phantom.structures.keys()].filter((one) => !lesions.includes(one as StructureName)),
    draws,
  ).map((one) => (isKnown(one) ? withArticle(draws.pick(wordsOf(one).phrases)) : one));
  if (shown.length === 0) return sentence(draws.pick(bareTemplates), { scan, finding });
  return sentence(draws.pick(scanTemplates), { scan, finding, shown: listed(shown) });
}

/** A short caption of one structure that a scan shows. @param phrase - one of its wordings */
export function structureCaption(modality: Modality, phrase: string, draws: Draws): string {
  return sentence(draws.pick(structureTemplates), { scan: draws.pick(modalityWords[modality]), shown: phrase });
}

/** The text prompt for a structure. */
export function promptFor(modality: Modality, phrase: string, draws: Draws): string {
  return sentence(draws.pick(promptTemplates), { scan: draws.pick(modalityWords[modality]), shown: phrase });
}

/** The wordings of a structure as an image shows it: those of its kind, too. */
export function phrasesOf(structure: StructureName, facts: StructureFacts = {}): readonly string[] {
  const { phrases, kinds } = wordsOf(structure);
  return [...phrases, ...(facts.kind === undefined ? [] : (kinds?.[facts.kind] ?? []))];
}

function findingOf(modality: Modality, lesion: StructureName, facts: StructureFacts, draws: Draws): string {
  const size = facts.size ? `${draws.pick(sizeWords[facts.size])} ` : "";
  const noun = draws.pick(lesionWords[facts.kind ?? lesion] ?? lesionWords[lesion] ?? [lesion]);
  const side = facts.side === "midline" ? undefined : facts.side;
  const slots = { ...(side && { side }), ...(facts.site && { site: facts.site }) };
  const fitting = placeWords[modality].filter((place) => slotsOf(place).every((slot) => slot in slots));
  const fullest = Math.max(...fitting.map((place) => slotsOf(place).length));
  const places = fitting.filter((place) => slotsOf(place).length === fullest);
  const place = places.length > 0 ? ` ${fill(draws.pick(places), slots)}` : "";
  return `a ${size}${noun}${facts.side === "midline" ? " in the midline" : ""}${place}`;
}

const slotsOf = (template: string): string[] => [...template.matchAll(/\{(\w+)\}/g)].map(([, slot]) => slot!);

function fill(template: string, slots: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot] ?? "");
}

/** Fills a template and begins its sentences with a capital. */
function sentence(template: string, slots: Readonly<Record<string, string>>): string {
  return fill(template, slots).replace(/(^|\. )([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
}

const isKnown = (name: string): name is StructureName => (structureNames as readonly string[]).includes(name);

const withArticle = (phrase: string) => (/^(the|an?) /.test(phrase) ? phrase : `the ${phrase}`);

function listed(items: readonly string[]): string {
  return items.length === 1 ? items[0]! : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

function shuffled<T>(items: readonly T[], draws: Draws): T[] {
  const order = items.map((item) => ({ item, rank: draws.uniform() }));
  return order.sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}
