import { z } from "zod";
import { readTable } from "../../../data/index.ts";
import { InputError } from "../../../errors.ts";
import { parseJson } from "../../../files/json.ts";
import { readJson } from "../../../files/read-json.ts";
import { lastName } from "../../../scans/file-names.ts";
import { readContent } from "../../../scans/read-content.ts";
import type { DataSet, Split } from "../data-set.ts";
import { type Caption, pairCaptions, readCaptions } from "../read/pair-captions.ts";

/** Files of MedPix 2.0: a list of all images, and one file a split with a line an image; the halves of the training split repeat it. */
const descriptions = /^descriptions?(?:_(train|dev|test)(?:_[12])?)?\.jsonl?$/i;
const splitOf: Readonly<Record<string, Split>> = { train: "train", dev: "val", test: "test" };

/** An image of MedPix 2.0; `U_id` is the case, which has several images. */
const Description = z.object({ image: z.string(), U_id: z.string(), Description: z.object({ Caption: z.string().nullish() }) });

/** Names of images begin with their case. */
const caseName = /^(MPX\d+)_/i;

export const medpix: DataSet = {
  title: "MedPix (radiology images with captions)",
  task: "captions for finetune",
  modality: "CT and MR in MedPix 2.0; of all kinds in MedPix",
  kind: "captions",
  citation: "Siragusa et al. 2024, arXiv:2407.02994, https://doi.org/10.1007/s41019-025-00297-8 (MedPix 2.0)",
  pages: [
    "https://medpix.nlm.nih.gov (MedPix itself, of the National Library of Medicine)",
    "https://github.com/CHILab1/MedPix-2.0 (MedPix 2.0, a part of it, whose files are read here)",
  ],
  download: "the folders images and splitted_dataset of MedPix 2.0; or your own copy of MedPix with a CSV",
  licence: "none stated in the repository of MedPix 2.0; rights with the contributors; not verified",
  layout:
    "images/MPX1009_synpic46283.png with Descriptions.json or descriptions_train.jsonl, ..._dev and ..._test (MedPix 2.0), or a CSV with the columns filename and Caption",
  group: "case",
  paper: { train: 20292, val: 3515 },
  paperSplits: "the paper splits at random, 85 to 15; its lists and its copy of MedPix are not published",
  async read(files) {
    const { paths, place } = files;
    // Files of splits first: they repeat the list of all images.
    const byPrecedence = [...paths].sort((a, b) => Number(splitIn(a) === undefined) - Number(splitIn(b) === undefined));
    const { tables, failures } = await readCaptions(byPrecedence, async (path) => {
      if (descriptions.test(lastName(path))) return await described(place(path), splitIn(path));
      return /\.csv$/i.test(path) ? await listed(place(path)) : undefined;
    });
    return { ...pairCaptions(files, tables), failures, tables: tables.map(({ table }) => table) };
  },
};

const splitIn = (path: string): Split | undefined => splitOf[descriptions.exec(lastName(path))?.[1]?.toLowerCase() ?? ""];

/** The captions of a table with the columns of the paper's; undefined for other tables. */
async function listed(file: string): Promise<Caption[] | undefined> {
  const { columns, rows } = await readTable(file, ",");
  const [image, caption] = [columns.indexOf("filename"), columns.indexOf("Caption")];
  if (image < 0 || caption < 0) return undefined;
  return rows.map((row) => {
    const name = row[image]!.trim();
    const group = caseName.exec(lastName(name))?.[1];
    return { image: name, caption: row[caption]!, ...(group !== undefined && { group }) };
  });
}

async function described(file: string, split: Split | undefined): Promise<Caption[]> {
  const list = /\.jsonl$/i.test(file) ? await jsonLines(file) : await readJson(file, InputError);
  const { data, error } = z.array(Description).safeParse(list);
  if (!data) {
    const { path, message } = error!.issues[0]!;
    throw new InputError(
      `"${file}": expected images of MedPix 2.0 with "image", "U_id" and "Description"; ${path.join(".") || "the file"}: ${message}`,
    );
  }
  return data.map(({ image, U_id, Description: { Caption: caption } }) => ({
    ...{ image, caption: caption ?? "", group: U_id },
    ...(split && { split }),
  }));
}

async function jsonLines(file: string): Promise<unknown[]> {
  const text = new TextDecoder().decode((await readContent(file)).bytes);
  return text.split(/\r?\n/).flatMap((line, i) => (line.trim() === "" ? [] : [parseJson(line, `${file}, line ${i + 1}`, InputError)]));
}
