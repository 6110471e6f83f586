import { concernsOneInput, throwIfCancelled } from "../../../errors.ts";
import { writeGray } from "../../../results/png.ts";
import { lastName, withoutEnding } from "../../../scans/file-names.ts";
import type { DataSet, Failure, Item, LeftOutFile, Pictures } from "../data-set.ts";
import { readSlice, readSliceFacts } from "../read/mat-file.ts";

const classes = ["meningioma", "glioma", "pituitary"];

/** Files between two messages about how far the reading has come. */
const tellEvery = 500;

export const figshareBrain: DataSet = {
  title: "Cheng (brain tumors, figshare)",
  task: "brain tumors: meningioma, glioma, pituitary tumor",
  modality: "MRI, T1 with contrast",
  kind: "masks",
  citation: "Cheng et al. 2015, PLOS ONE 10, e0140381, https://doi.org/10.1371/journal.pone.0140381",
  pages: ["https://figshare.com/articles/dataset/brain_tumor_dataset/1512427"],
  download: "brainTumorDataPublic_1-766.zip and the three archives beside it, unpacked: 3,064 files .mat",
  licence: "CC BY 4.0 according to third parties that name figshare; the page not verified",
  layout: "1.mat to 3064.mat (MATLAB v7.3, struct cjdata with image, tumorMask, label and PID)",
  group: "patient",
  paper: { train: 1462, val: 1002, test: 600 },
  paperSplits:
    "the names of the 600 test images are the keys of the paper's prompt file for brain tumors: pass that file with --test. They are scattered over the whole data set; the other lists are not published",
  promptClasses: classes,
  intensities: "16 bits become 8: the least value of an image is 0, the largest 255",
  async read({ paths, place }, { tell, signal }) {
    const items: Item[] = [];
    const leftOut: LeftOutFile[] = [];
    const failures: Failure[] = [];
    for (const [i, path] of paths.entries()) {
      throwIfCancelled(signal);
      if (i > 0 && i % tellEvery === 0) tell(`read the patients of ${i} of ${paths.length} files`);
      if (!/\.mat$/i.test(path)) continue;
      if (/^cvind\.mat$/i.test(lastName(path))) {
        leftOut.push({ file: path, reason: "folds of a cross-validation, no image" });
        continue;
      }
      try {
        items.push(await itemOf(path, place(path)));
      } catch (error) {
        if (!concernsOneInput(error)) throw error;
        failures.push({ files: [path], message: error.message });
      }
    }
    return { items, leftOut, failures, tables: [] };
  },
};

/** @throws InputError as `readSliceFacts` */
async function itemOf(path: string, file: string): Promise<Item> {
  const { patient, label } = await readSliceFacts(file, classes.length);
  const [name, own] = [withoutEnding(lastName(path)), classes[label - 1]!];
  return { name, ending: "png", image: path, masks: [path], group: patient, class: own, read: () => pictures(file) };
}

async function pictures(file: string): Promise<Pictures> {
  const { image, mask, isConstant } = await readSlice(file);
  const { width, height } = image;
  const warnings = isConstant ? ["all intensities are equal: the image is black"] : [];
  return { image: { width, height, write: (target) => writeGray(target, image) }, mask, warnings };
}
