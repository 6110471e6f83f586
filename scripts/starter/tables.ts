/** The training data of the starter pack as tables for `finetune` and `finetune-sam`: which images, what they show, and what they do not. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { splitPairs } from "../../src/data/index.ts";
import { type Asked, absentWordings, asked, type Kind, kindNames, sentencesFor } from "./words.ts";

/** An image of the data, with the masks of what it shows. */
export interface Scan {
  readonly kind: Kind;
  /** Below the data's folder. */
  readonly image: string;
  readonly split: "train" | "calibration" | "val";
  readonly group: string;
  /** The mask of each thing that it shows, by the name of `asked`, below the data's folder. */
  readonly masks: ReadonlyMap<string, string>;
  readonly captions: readonly string[];
}

type Row = Readonly<Record<string, string>>;

/** Sources whose licence was not seen restated, or asks for sharing alike: not for weights that are shipped. */
const leftOut = /Lung-PET-CT-Dx|DRIVE|CHASE|BY-SA/;

/** The part of the training images of each kind that is kept apart, whole groups of them, to choose settings with. */
const calibrationShare = 0.06;

/** Images of class A of the kinds that the pack knows. @param data - folder with `training/` and `data/` */
export async function scansOf(data: string): Promise<Scan[]> {
  const scans = await classA(data);
  const apart = new Set(
    partOf(
      scans.filter(({ split }) => split === "train"),
      { fraction: calibrationShare, seed: 1 },
    ),
  );
  return scans.map((scan) => (apart.has(scan) ? { ...scan, split: "calibration" } : scan));
}

/** Whole groups of each kind of scan, about this share of its images. */
export function partOf(scans: readonly Scan[], options: { readonly fraction: number; readonly seed: number }): Scan[] {
  return (Object.keys(kindNames) as Kind[]).flatMap((kind) => {
    const own = scans.filter((scan) => scan.kind === kind);
    const { validation } = splitPairs(
      own.map(({ image, group }) => ({ key: image, group })),
      options,
    );
    const drawn = new Set(validation.map(({ key }) => key));
    return own.filter(({ image }) => drawn.has(image));
  });
}

/** The same in the two splits of the data. */
async function classA(data: string): Promise<Scan[]> {
  const training = await rowsOf(join(data, "training", "index.csv"));
  const shared = new Map((await rowsOf(join(data, "data", "index.csv"))).map((row) => [row.image!, row]));
  const splits = await rowsOf(join(data, "training", "shared_split.csv"));
  const captions = await captionsOf(data, "training", Object.keys(kindNames));
  const rows = [
    ...training.map((row) => ({ folder: "training", row })),
    ...splits.flatMap((split) => {
      const row = shared.get(split.image!);
      return row ? [{ folder: "data", row: { ...row, ...split } as Row }] : [];
    }),
  ];
  return rows.flatMap(({ folder, row }) => {
    const { modality, licence_class, licence = "", split, image } = row;
    if (licence_class !== "A" || leftOut.test(licence) || !(modality! in kindNames) || (split !== "train" && split !== "val")) return [];
    const place = `${folder}/${image}`;
    const kind = modality as Kind;
    const masks = masksOf(kind, folder, row);
    return [{ kind, image: place, split, group: `${folder} ${row.group}`, masks, captions: captions.get(place) ?? [captionOf(kind)] }];
  });
}

/** What the masks of an image are called. */
function masksOf(kind: Kind, folder: string, row: Row): Map<string, string> {
  const mask = row.mask === undefined || row.mask === "" ? row.image!.replace("/images/", "/masks/").replace(/\.\w+$/, ".png") : row.mask;
  const of = (structure: string) => `${folder}/${mask.replace("/masks/", `/masks_${structure}/`)}`;
  const whole = `${folder}/${mask}`;
  const extra = new Set((row.extra_masks ?? "").split(/\s+/).map((name) => name.replace(/^masks_/, "")));
  const label = row.label ?? "";
  const masks = new Map<string, string>();
  const add = (names: readonly string[], file: string) => {
    for (const name of names) masks.set(name, file);
  };
  if (kind === "microscopy_nuclei") add(["cell nuclei"], whole);
  if (kind === "us_breast_tumor") {
    add(["breast lesion", "breast lesion, ultrasound", "lesion"], whole);
    if (/benign|malignant/.test(label)) add([`${/benign|malignant/.exec(label)![0]} breast lesion`], whole);
  }
  if (kind === "mri_brain_tumor") {
    add(["brain tumour", "brain tumour, MRI", "lesion"], whole);
    const type = /meningioma|glioma|pituitary/.exec(label)?.[0];
    if (type) add([type === "pituitary" ? "pituitary tumour" : type], whole);
  }
  const scan = kind === "ct_lung" ? "CT" : "X-ray";
  if (kind === "ct_lung" || kind === "xray_chest_lungs") {
    add(["lungs", `lungs, ${scan}`], whole);
    for (const side of ["left", "right"]) if (extra.has(`${side}_lung`)) add([`${side} lung`, `${side} lung, ${scan}`], of(`${side}_lung`));
    if (extra.has("trachea")) add(["trachea"], of("trachea"));
  }
  return masks;
}

/** Things that an image does not show although it was looked for them; what may be there unseen is not among them. */
function absentIn({ kind, masks }: Scan): Asked[] {
  const isLung = (name: string) => /lung/.test(name);
  return asked.filter((one) => {
    if (masks.has(one.name)) return false;
    if (one.kind !== undefined && one.kind !== kind) return true; // the sentence names another kind of scan
    if (kind === "microscopy_nuclei") return true;
    if (kind === "xray_chest_lungs" || kind === "ct_lung") return !isLung(one.name) && !["trachea", "lesion"].includes(one.name);
    if (kind === "us_breast_tumor") return isLung(one.name) || /brain|glioma|meningioma|pituitary|trachea|nuclei/.test(one.name);
    return isLung(one.name) || /breast|trachea|nuclei/.test(one.name);
  });
}

/** How often an image of each kind is seen in an epoch: the kinds differ in their number of images, and in how hard they are. */
const timesAnEpoch: Readonly<Record<Kind, number>> = {
  mri_brain_tumor: 2,
  us_breast_tumor: 2,
  xray_chest_lungs: 1,
  ct_lung: 3,
  microscopy_nuclei: 1,
};

/** What SAM's coarse masks of a kind of scan are made for. */
export const mainTargets: Readonly<Record<Kind, { readonly name: string; readonly prompt: string }>> = {
  mri_brain_tumor: { name: "brain tumour", prompt: "the brain tumour" },
  us_breast_tumor: { name: "breast lesion", prompt: "the breast lesion" },
  xray_chest_lungs: { name: "lungs", prompt: "the lungs" },
  ct_lung: { name: "lungs", prompt: "the lungs" },
  microscopy_nuclei: { name: "cell nuclei", prompt: "the cell nuclei" },
};

/** The name under which what is never shown stands in the table. */
const never = "something else";

/**
 * The rows of the tables of some scans.
 *
 * @param things - further words for what none of them shows
 * @returns pairs [filename, Caption], and outlines [filename, phrase, mask]; the first row of a phrase holds all its wordings
 */
export function tablesOf(scans: readonly Scan[], things: readonly string[]): { pairs: string[][]; regions: string[][] } {
  const regions: string[][] = [];
  const written = new Set<string>();
  const wordings = new Map(asked.map((one) => [one.name, [one.name, ...sentencesFor(one)]]));
  const phrase = (name: string): string => {
    if (written.has(name)) return name;
    written.add(name);
    return [...new Set(name === never ? [never, ...absentWordings, ...things.map((thing) => `the ${thing}`)] : wordings.get(name)!)].join(
      "|",
    );
  };
  for (const scan of scans) {
    for (const [name, mask] of scan.masks) regions.push([scan.image, phrase(name), mask]);
    for (const { name } of absentIn(scan)) regions.push([scan.image, phrase(name), ""]);
    regions.push([scan.image, phrase(never), ""]);
  }
  const pairs = scans.flatMap(({ kind, image, captions }, i) =>
    Array.from({ length: timesAnEpoch[kind] }, (_, time) => {
      const caption = captions[(i + time) % captions.length]!;
      return [image, time === 0 ? caption : `${kindNames[kind][(i + time) % kindNames[kind].length]}: ${caption}`];
    }),
  );
  return { pairs, regions };
}

const captionOf = (kind: Kind): string => `A ${kindNames[kind][0]} without a further description.`;

async function captionsOf(data: string, folder: string, kinds: readonly string[]): Promise<Map<string, string[]>> {
  const captions = new Map<string, string[]>();
  for (const kind of kinds)
    for (const row of await rowsOf(join(data, folder, kind, "captions.csv"))) {
      const image = `${folder}/${kind}/images/${row.filename}`;
      captions.set(image, [...(captions.get(image) ?? []), row.Caption!]);
    }
  return captions;
}

async function rowsOf(file: string): Promise<Row[]> {
  return parse(await readFile(file), { columns: true, bom: true }) as Row[];
}
