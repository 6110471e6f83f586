import { lastName, withoutEnding } from "../../../scans/file-names.ts";
import { imageEnding } from "../../../scans/names.ts";
import type { DataSet } from "../data-set.ts";
import { pairMasks } from "../read/pair-masks.ts";

/** "ID00007637202177411956430_mask_12", or "..._12_mask", is the mask of slice 12 of a patient. */
const maskName = /^(.+)_(?:mask_(\d+)|(\d+)_mask)$/i;
const imageName = /^(.+)_(\d+)$/;

export const konya: DataSet = {
  title: "Kónya (lung CT of patients with pulmonary fibrosis)",
  task: "lungs",
  modality: "CT",
  kind: "masks",
  citation:
    "Kónya et al. 2020, CT Lung & Heart & Trachea segmentation, https://www.kaggle.com/datasets/sandorkonya/ct-lung-heart-trachea-segmentation",
  pages: [
    "https://www.kaggle.com/datasets/polomarco/chest-ct-segmentation (slices as pictures, which are read here)",
    "https://www.kaggle.com/datasets/sandorkonya/ct-lung-heart-trachea-segmentation (the same masks as NRRD volumes)",
    "https://www.kaggle.com/c/osic-pulmonary-fibrosis-progression (the scans)",
  ],
  download: "images.zip and masks.zip of the first page, unpacked",
  licence: "not verified; the scans are those of a competition with rules of its own",
  layout: "images/images/ID00007637202177411956430_0.jpg with masks/masks/ID00007637202177411956430_mask_0.jpg",
  group: "patient",
  paper: { train: 7959, val: 3010, test: 1800 },
  paperSplits:
    "the paper splits by patient; its lists are not published, and it takes 12,769 of about 16,700 slices with masks. Other test sets of 1,161 slices circulate",
  async read(files) {
    const found = pairMasks(files, {
      roleOf(path) {
        if (/\.nrrd$/i.test(path)) return "NRRD volume; the pictures of its slices are read";
        if (!imageEnding.test(path)) return undefined;
        const name = withoutEnding(lastName(path));
        const [, ofMask, before, after] = maskName.exec(name) ?? [];
        if (ofMask !== undefined) return { role: "mask", key: `${ofMask}_${before ?? after}` };
        const group = imageName.exec(name)?.[1];
        return group === undefined ? undefined : { role: "image", key: name, facts: { name, group } };
      },
      withoutMask: () => "leave-out",
      maskOptions: () => ({ channel: 2 }), // lungs are blue, the heart is green, the trachea red
    });
    return { ...found, tables: [] };
  },
};
