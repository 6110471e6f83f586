/** Abbreviations of paired parts and of views, without their first letter: LUL and RUL, LLQ and RLQ, LAO and RAO, ... */
const sided = ["UL", "LL", "ML", "UQ", "LQ", "UE", "LE", "AO", "PO", "CC", "MLO", "IJ", "ICA", "CCA"].join("|");
/** Words that begin with a side. */
const suffixes = "ward|wards|wardly|most|sided|handed";
/** What a single L or R before it is the side of: "L lung", "R upper lobe", "L-sided"; not "R wave", "2 L of fluid". */
const parts = new Set(
  `side sided lung lungs lobe lobar upper lower middle mid apex apical base basal basilar hilum hilar perihilar hemithorax hemidiaphragm
  diaphragm costophrenic pleural pneumothorax chest rib ribs clavicle scapula axilla axillary breast neck kidney renal adrenal ureter ovary
  ovarian adnexa adnexal testis testicle iliac inguinal groin flank thyroid parotid submandibular carotid jugular subclavian vertebral maxillary
  sphenoid mastoid eye orbit orbital ear temporal frontal parietal occipital cerebral cerebellar hemisphere thalamus insula shoulder humerus
  humeral elbow arm forearm wrist hand thumb finger hip acetabulum femur femoral thigh knee patella tibia tibial fibula fibular leg calf
  ankle foot heel toe extremity lateral`.split(/\s+/),
);
/** Latin forms: levoscoliosis and dextroscoliosis, ... */
const latin = "convex|convexity|scoliosis|rotoscoliosis|curvature|cardia|position|rotation";

const begin = "(?<![\\p{L}\\d])";
const end = "(?![\\p{L}\\d])";
/** Between a side and the next word of a caption or a name: "left lung", "left-sided", "left_lung". */
const gap = "[\\s_-]+";

/**
 * What follows where a word is no side: "left in place" and "left untreated" (past tense), "right after", "right angle"; and chambers and vessels
 * of the heart, whose names tell which they are and not where they lie: the left ventricle of a mirrored heart is no right ventricle.
 */
const followedBy = [
  "(?:in|at)\\s+(?:place|situ)",
  "behind|alone|untreated|unrepaired|unresected|undisturbed|blank|out|over|off|away|now|after|before|against",
  "angles?(?!\\s+of)|angled",
  "the\\s+(?:hospital|department|clinic|ward|room)",
  "ventric(?:le|les|ular)|atri(?:um|a|al)|coronary|main\\s+coronary|circumflex|anterior\\s+descending|bundle\\s+branch|heart\\s+failure",
].join("|");
const noSideAfter = `(?!(?:${gap})(?:${followedBy})${end})`;
/** "was left in the bladder", "were left open": past tense, too. */
const noPassive = `(?!(?<=${begin}(?:was|were|been|being|be)\\s+(?:left|right))\\s+(?:in|inside|within|at|for|without|with|on|as|open|intact|unchanged)${end})`;
/** The chamber before its side, as in "heart_ventricle_left". */
const noChamberBefore = "(?<!(?:ventricle|atrium)_)";

const side = new RegExp(
  [
    `${begin}(?:left|right)${gap}to${gap}(?:left|right)${gap}shunt`, // its direction is that of the chambers
    `${begin}${noChamberBefore}(?:left|right)${end}${noSideAfter}${noPassive}`,
    `${begin}(?:left|right)(?=(?:${suffixes})${end})`,
    `${begin}(?:levo|dextro)(?=-?(?:${latin})${end})`,
    `${begin}(?<!&)(?:lt|rt)${end}`,
  ].join("|"),
  "giu",
);
const abbreviation = new RegExp(`${begin}[LR](?=(?:${sided})${end})`, "gu");
/** A single letter before a word, unless a number makes it a unit: the word decides. */
const letterBefore = new RegExp(`${begin}(?<!\\d[\\s_-]*)[LR](?=${gap}(\\p{L}+)${end})`, "gu");
/** A single letter at the end of a name, as in "Lung_L". */
const letterBehind = new RegExp(`(?<=\\p{L}_)(?<!(?:[Vv]entricle|[Aa]trium)_)[LR]${end}`, "gu");

const opposite: Readonly<Record<string, string>> = { left: "right", right: "left", levo: "dextro", dextro: "levo", lt: "rt", rt: "lt" };

/**
 * Exchanges left and right in an English caption or in the name of a mask, for an image that is mirrored horizontally. Applied twice it gives the
 * text back. Capitals are kept.
 *
 * Exchanged are left and right as words of their own, with hyphens and underscores too ("left-sided", "left_lung", "lower left"), leftward and the
 * like, "Lt" and "Rt" in this spelling or in small letters, levo- and dextro- of the spine and the heart, and abbreviations in capitals of lobes,
 * quadrants, limbs and views (RUL, LLQ, LAO). A single capital L or R is one before a paired part ("L lung", "R side") and at the end of a
 * name ("Kidney_L"); elsewhere it may be a vertebra, a unit or a wave.
 *
 * Not exchanged is what is no side of the picture: the past tense ("was left in place"), "right after", "right angle", and the chambers
 * and coronary vessels of the heart. Where a sentence does not tell, it is taken for a side.
 */
export function mirrorWords(text: string): string {
  return text
    .replace(side, otherSide)
    .replace(abbreviation, otherLetter)
    .replace(letterBefore, (letter, word: string) => (parts.has(word.toLowerCase()) ? otherLetter(letter) : letter))
    .replace(letterBehind, otherLetter);
}

/** The sides that a text names, of those that `mirrorWords` exchanges. */
export function sidesIn(text: string): ReadonlySet<"left" | "right"> {
  const mirrored = mirrorWords(text);
  const sides = new Set<"left" | "right">();
  // Words change in place, so those that differ are the sides.
  const [before, after] = [text, mirrored].map((one) => one.split(/\P{L}+/u));
  for (const [i, word] of before!.entries()) if (word !== after![i]) sides.add(/^l/iu.test(word) ? "left" : "right");
  return sides;
}

const otherLetter = (letter: string): string => (letter === "L" ? "R" : "L");

/** The other side in the same case; a word in mixed case, LT and RT stay as they are, and so does what is no single word. */
function otherSide(word: string): string {
  const other = opposite[word.toLowerCase()];
  if (other === undefined) return word;
  if (word === word.toLowerCase()) return other;
  if (word === capitalised(word)) return capitalised(other);
  return word === word.toUpperCase() && word.length > 2 ? other.toUpperCase() : word; // LT may be a transplant, RT radiotherapy
}

const capitalised = (word: string): string => word[0]!.toUpperCase() + word.slice(1).toLowerCase();
