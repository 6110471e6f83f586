import { readTable } from "../../../data/index.ts";
import { folderOf, lastName } from "../../../scans/file-names.ts";
import { readContent } from "../../../scans/read-content.ts";
import type { DataSet, FolderFiles, Split } from "../data-set.ts";
import { type Caption, pairCaptions, readCaptions } from "../read/pair-captions.ts";

/** ROCO as its script downloads it: identifier, tab, caption. Images are called after their articles, which other files beside it tell. */
const textTable = /(?:^|\/)(train|validation|test)\/radiology\/captions\.txt$/i;
/** Its Kaggle copy: columns id, name and caption; the split is the folder. */
const kaggleTable = /(?:^|\/)(train|validation|test)\/(?:radiology\/)?(?:radiology)?(?:train|val|test)data\.csv$/i;
/** ROCOv2: columns ID and Caption. */
const secondTable = /(?:^|\/)(train|valid|test)_captions\.csv$/i;
const nonRadiology = /(?:^|\/)non-radiology\//i;

const splitOf: Readonly<Record<string, Split>> = { train: "train", validation: "val", valid: "val", test: "test" };

/** Images are called after the article in PubMed Central that they are of. */
const articleName = /^(PMC\d+)_/i;

export const roco: DataSet = {
  title: "ROCO (radiology images of articles with captions), and ROCOv2",
  task: "captions for retrieve",
  modality: "of all kinds",
  kind: "captions",
  citation:
    "Pelka et al. 2018, LABELS, LNCS 11043, 180-189, https://doi.org/10.1007/978-3-030-01364-6_20; Rückert et al. 2024, Scientific Data 11, https://doi.org/10.1038/s41597-024-03496-6 (ROCOv2)",
  pages: ["https://github.com/razorx89/roco-dataset", "https://doi.org/10.1038/s41597-024-03496-6 (ROCOv2)"],
  download:
    "the repository, with the images that its script scripts/fetch.py puts beside the captions; of ROCOv2 the captions and images of each split",
  licence: "that of each article, in licences.txt beside the captions (CC BY, CC BY-NC and others, some without one); ROCOv2: not verified",
  layout:
    "data/test/radiology/captions.txt with licences.txt or dlinks.txt and images/PMC4083729_AMHSR-4-14-g002.jpg; or test_captions.csv with ROCOv2_2023_test_000001.jpg (ROCOv2)",
  group: "article",
  paper: { test: 7042 },
  paperSplits: "the paper measures retrieval on about 7,042 pairs, which ones is not published; the splits of the data set are taken here",
  async read(files) {
    const isOther = (path: string) => nonRadiology.test(path);
    const own = { ...files, paths: files.paths.filter((path) => !isOther(path)) };
    const names = new Set<string>();
    const { tables, failures } = await readCaptions(own.paths, async (path) => await captionsIn(own, path, names));
    const { items, leftOut } = pairCaptions(own, tables);
    const others = files.paths.filter(isOther).map((file) => ({ file, reason: "no radiology" }));
    return { items, leftOut: [...leftOut, ...others], failures, tables: [...tables.map(({ table }) => table), ...names] };
  },
};

/** @param names - gets the files that tell the names of images */
async function captionsIn(files: FolderFiles, table: string, names: Set<string>): Promise<Caption[] | undefined> {
  const split = splitOf[(textTable.exec(table) ?? kaggleTable.exec(table) ?? secondTable.exec(table))?.[1]?.toLowerCase() ?? ""];
  if (split === undefined) return undefined;
  // The CSV of the Kaggle copy repeats the text, with the names of the images.
  const isRepeated = files.paths.some((path) => splitOf[kaggleTable.exec(path)?.[1]?.toLowerCase() ?? ""] === split);
  if (textTable.test(table)) return isRepeated ? [] : await textCaptions(files, table, split, names);
  const { columns, rows } = await readTable(files.place(table), ",");
  const heads = columns.map((name) => name.toLowerCase());
  const image = heads.includes("name") ? heads.indexOf("name") : heads.indexOf("id");
  const caption = heads.indexOf("caption");
  return image < 0 || caption < 0 ? undefined : rows.map((row) => captionOf(row[image]!.trim(), row[caption]!, split));
}

async function textCaptions(files: FolderFiles, table: string, split: Split, names: Set<string>): Promise<Caption[]> {
  const nameOf = await namesBeside(files, table, names);
  return (await linesOf(files.place(table))).flatMap((line) => {
    const [id, ...caption] = line.split("\t");
    return id!.trim() === "" ? [] : [captionOf(nameOf.get(id!.trim()) ?? id!.trim(), caption.join(" ").trim(), split)];
  });
}

function captionOf(image: string, caption: string, split: Split): Caption {
  const group = articleName.exec(lastName(image))?.[1];
  return { image, caption, split, ...(group !== undefined && { group }) };
}

/** Name of the image of each identifier, from licences.txt ("ROCO_1,PMC2_x.jpg,CC BY") and dlinks.txt ("ROCO_1", a command with ".../PMC2.tar.gz", "x.jpg") beside a table. */
async function namesBeside({ paths, place }: FolderFiles, table: string, used: Set<string>): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const path of paths.filter((path) => folderOf(path) === folderOf(table))) {
    const kind = /^(licences|dlinks)\.txt$/i.exec(lastName(path))?.[1]?.toLowerCase();
    if (kind === undefined) continue;
    used.add(path);
    for (const line of await linesOf(place(path))) {
      const [id, name] = kind === "licences" ? line.split(",") : nameOfLink(line);
      if (id && name) names.set(id.trim(), name.trim());
    }
  }
  return names;
}

function nameOfLink(line: string): readonly string[] {
  const [id = "", command = "", image] = line.split("\t");
  const article = /\/(PMC\d+)\.tar\.gz/.exec(command)?.[1];
  return article === undefined || image === undefined ? [] : [id, `${article}_${image.trim()}`];
}

async function linesOf(file: string): Promise<string[]> {
  return new TextDecoder().decode((await readContent(file)).bytes).split(/\r?\n/);
}
