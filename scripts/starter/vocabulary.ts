import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { wordVocabulary } from "../../src/phantom/vocabulary.ts";
import { absentWordings, asked, kindNames, sentencesFor } from "./words.ts";

/** Spellings of one word in America and Britain. */
const spellings = [
  ["tumor", "tumour"],
  ["edema", "oedema"],
  ["hemorrhage", "haemorrhage"],
  ["esophagus", "oesophagus"],
  ["anemia", "anaemia"],
  ["ischemia", "ischaemia"],
  ["ischemic", "ischaemic"],
  ["hematoma", "haematoma"],
  ["color", "colour"],
  ["colored", "coloured"],
  ["gray", "grey"],
  ["center", "centre"],
  ["pediatric", "paediatric"],
  ["fiber", "fibre"],
  ["leukemia", "leukaemia"],
  ["diarrhea", "diarrhoea"],
  ["fetus", "foetus"],
  ["gynecological", "gynaecological"],
  ["orthopedic", "orthopaedic"],
  ["localized", "localised"],
  ["calcified", "calcified"],
] as const;

/** Words of captions are kept that occur at least so often. */
const least = 3;

/** The words of a table of captions that occur often enough, in both spellings. */
export async function captionWords(file: string): Promise<string[]> {
  const rows = parse(await readFile(file), { columns: true, bom: true }) as Record<string, string>[];
  const counts = new Map<string, number>();
  for (const { caption = "", diagnosis = "", findings = "" } of rows)
    for (const word of `${caption} ${diagnosis} ${findings}`.toLowerCase().match(/[a-z]{2,}/g) ?? [])
      counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = [...counts].filter(([, count]) => count >= least).map(([word]) => word);
  const known = new Set(words);
  const both = spellings.filter((pair) => pair.some((word) => known.has(word))).flat();
  return [...new Set([...words, ...both])].sort();
}

/** Words that tell nothing of the targets, or that may name a part of them: never taught to be absent. */
const open = new Set(
  (
    "lung lungs lobe lobes pulmonary parenchyma parenchymal hemithorax chest thorax thoracic trachea tracheal airway airways bronchus bronchial brain cerebral " +
    "intracranial intraaxial extraaxial tumor tumour tumors mass masses lesion lesions neoplasm neoplastic cancer carcinoma metastasis metastatic metastases glioma " +
    "glioblastoma astrocytoma meningioma meningiomas pituitary adenoma sella sellar suprasellar breast mammary cyst cystic nodule nodules nodular fibroadenoma " +
    "nucleus nuclei cell cells head skull body air aerated enhancing enhancement enhanced hyperintense hypointense isointense hypoechoic hyperechoic " +
    "abnormal abnormality abnormalities opacity opacities density region area areas focus foci focal left right upper lower middle bilateral both " +
    "hemisphere meningeal dural dura falx glial oligodendroglioma ependymoma schwannoma lymphoma malignant benign malignancy invasive ductal lobular dcis sarcoma"
  ).split(" "),
);

/** Endings of words that are no things. */
const noThing = /(?:oma|omas|ing|ed|ly|ic|al|ous|ive|ent|ant|able|ible|ar|ary|ate|ize|ise)$/;
const function_ = new Set(
  (
    "the and with there this that from which also has was were are been have for not but than most some other these those into within without along may can will well just very more less two three four five six seven eight nine ten first second third mm cm " +
    "shows show seen noted demonstrates demonstrate reveals reveal note likely consistent compatible suggests evidence history patient year old man woman male female image images figure scan scans view views series weighted signal intensity contrast level normal large small high low increased decreased multiple " +
    "ct mr mri us xray cxr axial coronal sagittal lateral anterior posterior"
  ).split(" "),
);

/** Words of captions that name something which the training data do not outline: taught to be absent. */
export function thingsOf(words: readonly string[]): string[] {
  const targets = new Set(asked.flatMap((one) => sentencesFor(one)).flatMap((text) => text.toLowerCase().match(/[a-z]+/g) ?? []));
  return words.filter((word) => word.length >= 4 && !open.has(word) && !targets.has(word) && !function_.has(word) && !noThing.test(word));
}

/** The pack's vocabulary: the words of captions, of training sentences and of names of scans. */
export function starterVocabulary(words: readonly string[], captions: readonly string[]): readonly string[] {
  return wordVocabulary([...words, ...captions, ...asked.flatMap(sentencesFor), ...absentWordings, ...Object.values(kindNames).flat()]);
}
