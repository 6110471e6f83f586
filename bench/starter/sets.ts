/** The images on which the starter pack is measured. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { breast, type ImageOfSet, type MeasuredSet, type Question, questionsOf, setsOf, things } from "../../scripts/starter/questions.ts";
import { scansOf } from "../../scripts/starter/tables.ts";
import type { Kind } from "../../scripts/starter/words.ts";

type Row = Readonly<Record<string, string>>;

/** All sets. @param data - folder with `training/` and `data/` */
export async function measuredSets(data: string): Promise<MeasuredSet[]> {
  const training = await rowsOf(join(data, "training", "index.csv"));
  const shared = await rowsOf(join(data, "data", "index.csv"));
  const splits = new Map((await rowsOf(join(data, "training", "shared_split.csv"))).map((row) => [row.image!, row]));
  const apart = (name: string, kind: Kind, images: ImageOfSet[]): MeasuredSet => ({
    ...{ name, role: "apart", images },
    ...questionsOf[kind],
  });
  const other = (name: string, question: Question, images: ImageOfSet[]): MeasuredSet => ({
    ...{ name, role: "apart", images, questions: [question], absent: things.slice(0, 1) },
  });
  const rowsIn = (modality: string) => shared.filter((row) => row.modality === modality);
  const busi = training.filter(({ modality }) => modality === "us_breast_tumor_busi");
  return [
    ...setsOf(data, await scansOf(data), "val"),
    apart(
      ...(["chest X-ray, adults of other sources", "xray_chest_lungs"] as const),
      rowsIn("xray_chest_lungs")
        .filter(({ image }) => splits.get(image!)?.licence_class === "B")
        .map((row) => imageIn(data, "data", row, "lungs", ["gb_left_lung", "gb_right_lung"])),
    ),
    apart(
      ...(["breast ultrasound, BUSI", "us_breast_tumor"] as const),
      busi.filter(({ label }) => label !== "normal").map((row) => imageIn(data, "training", row, "breast lesion")),
    ),
    // Whatever the sentence, nothing is to be found in them: they are asked for the lesion as for what is absent.
    {
      name: "breast ultrasound, BUSI, normal",
      role: "apart",
      images: busi.filter(({ label }) => label === "normal").map(({ image }) => bare(data, image!)),
      questions: [],
      absent: breast.sentences.slice(0, 1),
    },
    apart(
      ...(["chest CT, Konya (one volume)", "ct_lung"] as const),
      rowsIn("ct_lung").map((row) => imageIn(data, "data", row, "lungs")),
    ),
    other(
      "skin, HAM10000",
      { name: "it", sentences: ["the skin lesion"] },
      rowsIn("skin_lesion").map((row) => imageIn(data, "data", row, "it")),
    ),
    other(
      "left atrium, MRI",
      { name: "it", sentences: ["the left atrium"] },
      rowsIn("mri_heart_left_atrium").map((row) => imageIn(data, "data", row, "it")),
    ),
    other(
      "fundus, DRIVE and CHASE",
      { name: "it", sentences: ["the retinal vessels"] },
      training.filter(({ modality }) => modality === "fundus_retinal_vessels").map((row) => imageIn(data, "training", row, "it")),
    ),
  ];
}

const bare = (data: string, image: string): ImageOfSet => ({ file: join(data, "training", image), masks: new Map() });

function imageIn(
  data: string,
  folder: string,
  { image, mask, extra_masks = "" }: Row,
  name: string,
  structures: readonly string[] = [],
): ImageOfSet {
  const at = (file: string) => join(data, folder, file);
  const masks = new Map([[name, at(mask!)]]);
  for (const structure of structures)
    if (extra_masks.split(";").includes(`masks_${structure}`))
      masks.set(structure.replace("gb_", "").replace("_", " "), at(mask!.replace("/masks/", `/masks_${structure}/`)));
  return { file: at(image!), masks };
}

async function rowsOf(file: string): Promise<Row[]> {
  return parse(await readFile(file), { columns: true, bom: true }) as Row[];
}
