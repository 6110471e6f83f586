import { decodeHTML } from "entities";

/** Why a caption is not used for training. */
export type CaptionProblem = "empty" | "no letters" | "short";

/** Fewer code points than this are "short". */
const shortest = 20;

/** Tags of text that was copied from a page. Others, as in "<5 mm", are not tags. */
const tag = /<\/?(a|b|br|div|em|font|i|li|ol|p|span|strong|sub|sup|u|ul)(\s[^<>]*)?\/?>/giu;

/** Signs that have a plain counterpart which NFKC does not give. */
const plain: readonly (readonly [signs: RegExp, sign: string])[] = [
  [/[\u2018\u2019\u201B\u2032\u02BC\u00B4\u0060]/gu, "'"],
  [/[\u2010-\u2015\u2212]/gu, "-"],
  [/\u00D7/gu, "x"],
  [/\u2044/gu, "/"],
];

const plainSigns = (text: string): string => plain.reduce((changed, [signs, sign]) => changed.replace(signs, sign), text);

/**
 * A caption without what is special in it: only letters, marks, digits and . , ; : ( ) / % + ' - are left, with single spaces between.
 *
 * In this order: tags become spaces; HTML entities are decoded, twice; typographic quotes, dashes, × and ⁄ become plain, before and after
 * NFKC; invisible format characters go; everything else that is special becomes a space.
 *
 * @example cleanCaption("Patient’s &quot;claw sign&quot; &lt;3 cm²")   // "Patient's claw sign 3 cm2"
 * @see Koleilat et al. 2024, arXiv:2409.19483: "special characters" are removed; their list was not published, and this one is our choice
 */
export function cleanCaption(text: string): string {
  const decoded = decodeHTML(decodeHTML(text.replace(tag, " ")));
  return plainSigns(plainSigns(decoded).normalize("NFKC"))
    .replace(/\p{Cf}/gu, "")
    .replace(/[^\p{L}\p{M}\p{Nd}.,;:()/%+'-]/gu, " ")
    .replace(/ +/g, " ")
    .trim();
}

/** What keeps a cleaned caption out of training, by the paper's rule: captions of fewer than 20 characters are dropped. */
export function captionProblem(cleaned: string): CaptionProblem | undefined {
  if (cleaned === "") return "empty";
  if (!/\p{L}/u.test(cleaned)) return "no letters";
  return Array.from(cleaned).length < shortest ? "short" : undefined;
}

/**
 * The cleaning of open_clip, through which the released trainer sends its captions: HTML entities decoded twice, spaces collapsed.
 *
 * @remarks Its first step, the repair of wrongly decoded text by the Python package ftfy, is not done; on well-formed text it mostly straightens
 *   quotes and takes ligatures apart.
 */
export function openClipCaption(text: string): string {
  return decodeHTML(decodeHTML(text)).replace(/\s+/gu, " ").trim();
}

/** How captions are made ready, by name, and which are dropped then. */
export const captionRules = {
  paper: { clean: cleanCaption, problem: captionProblem },
  reference: { clean: openClipCaption, problem: (cleaned: string): CaptionProblem | undefined => (cleaned === "" ? "empty" : undefined) },
} as const satisfies Record<string, { clean(text: string): string; problem(cleaned: string): CaptionProblem | undefined }>;
export type CaptionRule = keyof typeof captionRules;
