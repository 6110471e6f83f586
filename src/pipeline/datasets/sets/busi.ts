import { folderOf, lastName, withoutEnding } from "../../../scans/file-names.ts";
import { imageEnding } from "../../../scans/names.ts";
import type { DataSet } from "../data-set.ts";
import { pairMasks } from "../read/pair-masks.ts";

/** "benign (100)_mask_1" is a further mask of "benign (100)". */
const maskName = /^(.+?)_mask(?:_\d+)?$/i;

/** The class is that of the folder, else the first word of the name. */
const classIn = /(?:^|\/)(benign|malignant|normal)(?:\/|[ _(-][^/]*$)/i;

export const busi: DataSet = {
  title: "BUSI (breast ultrasound images)",
  task: "breast tumors; normal images have empty masks",
  modality: "ultrasound",
  kind: "masks",
  citation: "Al-Dhabyani et al. 2020, Data in Brief 28, 104863, https://doi.org/10.1016/j.dib.2019.104863",
  pages: [
    "https://scholar.cu.edu.eg/?q=afahmy/pages/dataset",
    "https://www.kaggle.com/datasets/aryashah2k/breast-ultrasound-images-dataset",
  ],
  download: "the archive with the folder Dataset_BUSI_with_GT, unpacked",
  licence:
    "none stated by the authors that we know of; CC0 according to lists of the Kaggle copy, other copies say otherwise; not verified",
  layout: "Dataset_BUSI_with_GT/benign/benign (1).png with benign (1)_mask.png, and further masks as benign (4)_mask_1.png",
  paper: { train: 600 },
  paperSplits: "the paper trains on 600 images, which ones is not published",
  promptClasses: ["benign", "malignant"],
  async read(files, { normal }) {
    const found = pairMasks(files, {
      roleOf(path) {
        const own = classIn.exec(path)?.[1]?.toLowerCase();
        if (own === undefined || !imageEnding.test(path)) return undefined;
        if (own === "normal" && normal === "leave-out") return "normal image (--normal leave-out)";
        const name = withoutEnding(lastName(path));
        const image = maskName.exec(name)?.[1];
        const key = (of: string) => `${folderOf(path)}/${of}`;
        return image === undefined ? { role: "image", key: key(name), facts: { name, class: own } } : { role: "mask", key: key(image) };
      },
      hasSeveralMasks: true,
      withoutMask: (facts) => (facts.class === "normal" ? "empty" : "error"),
    });
    return { ...found, tables: [] };
  },
};
