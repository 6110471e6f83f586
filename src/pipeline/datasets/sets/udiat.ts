import { concernsOneInput } from "../../../errors.ts";
import { folderOf, lastName, withoutEnding } from "../../../scans/file-names.ts";
import { imageEnding } from "../../../scans/names.ts";
import type { DataSet, Failure, FolderFiles } from "../data-set.ts";
import { pairMasks } from "../read/pair-masks.ts";
import { sheetRows } from "../read/sheet-rows.ts";

/** Folders of images and of masks, directly above their files. */
const imageFolder = /(?:^|\/)(?:original|originals|images?)\/[^/]+$/i;
const maskFolder = /(?:^|\/)(?:gt|ground[ _-]?truth|masks?)\/[^/]+$/i;
const sheet = /(?:^|\/)DatasetB\.xlsx$/i;

export const udiat: DataSet = {
  title: "UDIAT (breast ultrasound, Dataset B)",
  task: "breast tumors",
  modality: "ultrasound",
  kind: "masks",
  citation: "Yap et al. 2018, IEEE J. Biomed. Health Inform. 22, 1218-1226, https://doi.org/10.1109/JBHI.2017.2731873",
  pages: ["https://helward.mmu.ac.uk/STAFF/M.Yap/dataset.php"],
  download: "the folders original and GT and DatasetB.xlsx, which the authors send on request",
  licence: "a signed agreement with the authors, according to third parties; not verified",
  layout: "original/000001.png with GT/000001.png, and DatasetB.xlsx with the columns Image and Type",
  paper: { val: 50, test: 113 },
  paperSplits:
    "the names of the 113 test images are the keys of the paper's prompt file for breast tumors: pass that file with --test; the other images are its validation set",
  promptClasses: ["benign", "malignant"],
  async read(files) {
    const { classes, tables, failures } = await classesOf(files);
    const found = pairMasks(files, {
      roleOf(path) {
        if (!imageEnding.test(path)) return undefined;
        const name = withoutEnding(lastName(path));
        // Images and masks lie in two folders beside one another.
        const key = (of: string) => `${folderOf(folderOf(path))}/${of}`;
        if (maskFolder.test(path)) return { role: "mask", key: key(name.replace(/_(?:gt|mask)$/i, "")) };
        if (!imageFolder.test(path)) return undefined;
        const own = classes.get(numberOf(name));
        return { role: "image", key: key(name), facts: { name, ...(own !== undefined && { class: own }) } };
      },
    });
    return { ...found, failures: [...found.failures, ...failures], tables };
  },
};

/** The class of each image by its number. A sheet that cannot be read is a failure; its images have no class. */
async function classesOf({ paths, place }: FolderFiles) {
  const classes = new Map<string, string>();
  const tables: string[] = [];
  const failures: Failure[] = [];
  for (const table of paths.filter((path) => sheet.test(path))) {
    try {
      for (const [image, own] of classesIn(await sheetRows(place(table)))) classes.set(image, own);
      tables.push(table);
    } catch (error) {
      if (!concernsOneInput(error)) throw error;
      failures.push({ files: [table], message: error.message });
    }
  }
  return { classes, tables, failures };
}

/** "000001" in file names is 1 in the sheet, which may have it as a number. */
const numberOf = (name: string): string => name.replace(/^0+(?=\d)/, "");

function classesIn([header, ...rows]: readonly (readonly string[])[]): (readonly [string, string])[] {
  const [image, type] = ["image", "type"].map((name) => (header ?? []).findIndex((cell) => cell.trim().toLowerCase() === name));
  if (!(image! >= 0 && type! >= 0)) return [];
  return rows.flatMap((row) => {
    const [name, own] = [row[image!]?.trim() ?? "", row[type!]?.trim().toLowerCase() ?? ""];
    return name === "" || own === "" ? [] : [[numberOf(withoutEnding(name)), own] as const];
  });
}
