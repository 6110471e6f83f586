/**
 * Words that say what is wrong with a patient, or that nothing is: in a prompt of one image they are its label. Words of mere findings, such as
 * "tumor", "lesion" or "opacity", are not among them.
 */
const classWords =
  /\b(?:benign|malignan(?:t|cy)|cancer(?:ous)?|\w*carcinomas?|\w*adenomas?|sarcomas?|lymphomas?|melanomas?|(?:\w*glio|glioblasto|astrocyto|ependymo|meningio|schwanno|crani\w*pharyngio)mas?|pituitary|metasta\w+|covid(?:-?19)?|pneumonia|tubercul\w+|emphysema|pneumothora(?:x|ces)|(?:(?:ab)?normal|healthy)(?! (?:\w+ )?(?:tissues?|parenchyma|layers?|planes?|structures?|anatomy|gland|brain|matter|area|region|focus|signal|lesion|mass|growth))|unremarkable|cysts?|phyllodes|nevus|naevus)\b/gi;

/** Class and diagnosis words of a text, in lower case, each once and sorted. */
export function classWordsIn(text: string): string[] {
  return [...new Set([...text.matchAll(classWords)].map(([word]) => word.toLowerCase()))].sort();
}
