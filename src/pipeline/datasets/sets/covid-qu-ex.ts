import { lastName, withoutEnding } from "../../../scans/file-names.ts";
import { imageEnding } from "../../../scans/names.ts";
import type { DataSet, ReadOptions, Split } from "../data-set.ts";
import { pairMasks, type Role } from "../read/pair-masks.ts";

/** COVID-QU-Ex: split, class and kind of file are folders. */
const ofSplits = /(?:^|\/)(Train|Val|Test)\/(COVID-19|Non-COVID|Normal)\/(images|infection masks|lung masks)\/[^/]+$/i;
/** The older COVID-19 Radiography Database has no splits. */
const ofClasses = /(?:^|\/)(COVID|Lung_Opacity|Normal|Viral Pneumonia)\/(images|masks)\/[^/]+$/i;
/** Of COVID-QU-Ex, lung masks of all images, and a smaller part with masks of infections, whose images are among the former. */
const lungTree = /(?:^|\/)Lung Segmentation Data\//i;
const infectionTree = /(?:^|\/)Infection Segmentation Data\//i;

export const covidQuEx: DataSet = {
  title: "COVID-QU-Ex (chest X-rays)",
  task: "lungs, or infections with --target infection",
  modality: "X-ray",
  kind: "masks",
  citation:
    "Tahir et al. 2021, Comput. Biol. Med. 139, 105002, https://doi.org/10.1016/j.compbiomed.2021.105002; Rahman et al. 2021, Comput. Biol. Med. 132, 104319, https://doi.org/10.1016/j.compbiomed.2021.104319",
  pages: [
    "https://www.kaggle.com/datasets/anasmohammedtahir/covidqu",
    "https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database (the older COVID-19 Radiography Database, which is read, too)",
  ],
  download: "the archive with the folders Lung Segmentation Data and Infection Segmentation Data, unpacked",
  licence:
    "CC BY-SA 4.0, and of the older database academic use, according to MedSegBench, which redistributes parts of both; the pages not verified",
  layout: "Lung Segmentation Data/Lung Segmentation Data/Train/COVID-19/images/x.png with .../lung masks/x.png",
  paper: { train: 16280, val: 1372, test: 957 },
  paperSplits:
    "the paper's lists are not published, and its counts are not those of the folders Train, Val and Test, whose splits are taken here; other test sets of 972 images circulate",
  promptClasses: ["covid", "viral-pneumonia", "lung-opacity", "normal"],
  async read(files, { target }) {
    const hasLungs = files.paths.some((path) => lungTree.test(path));
    const found = pairMasks(files, {
      roleOf: (path) => roleOf(path, target, hasLungs),
      maskOptions: (path) => ({ mayResize: !ofSplits.test(path) }), // of the older database 256 pixels for images of 299
    });
    return { ...found, tables: [] };
  },
};

function roleOf(path: string, target: ReadOptions["target"], hasLungs: boolean): Role | string | undefined {
  if (!imageEnding.test(path)) return undefined;
  const [, ownSplit, ownClass, kind] = ofSplits.exec(path) ?? [];
  if (ownSplit !== undefined) {
    if (target === "lungs" && hasLungs && infectionTree.test(path))
      return "in the part with infections, whose images are in the part with lungs";
    if (target === "infection" && lungTree.test(path)) return "in the part with lungs (--target infection)";
    if (kind!.toLowerCase() === "images") return image(path, ownClass!, ownSplit.toLowerCase() as Split);
    const wanted = target === "lungs" ? "lung masks" : "infection masks";
    return kind!.toLowerCase() === wanted ? { role: "mask", key: keyOf(path) } : `another kind of mask (--target ${target})`;
  }
  const [, ofClass, folder] = ofClasses.exec(path) ?? [];
  if (ofClass === undefined) return undefined;
  if (target === "infection") return "in a data set without masks of infections";
  return folder!.toLowerCase() === "images" ? image(path, ofClass) : { role: "mask", key: keyOf(path) };
}

const image = (path: string, own: string, split?: Split): Role => ({
  role: "image",
  key: keyOf(path),
  facts: { name: withoutEnding(lastName(path)), class: classNames[own.toLowerCase()]!, ...(split && { split }) },
});

/** The same for an image and its mask, which lie in two folders of one class. */
const keyOf = (path: string): string => withoutEnding(path).split("/").toSpliced(-2, 1).join("/");

/** As the package's prompt sets call them. COVID-QU-Ex does not tell viral from bacterial pneumonia in its class Non-COVID. */
const classNames: Readonly<Record<string, string>> = {
  "covid-19": "covid",
  covid: "covid",
  "non-covid": "non-covid",
  normal: "normal",
  lung_opacity: "lung-opacity",
  "viral pneumonia": "viral-pneumonia",
};
