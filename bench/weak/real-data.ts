/**
 * Lays out real images with true masks for experiments with `weak train` and `weak run`, split by patient and near-duplicates:
 *
 *     npm run bench:weak-data -- --data DIR --out DIR
 *
 *   OUT/Dataset10N_NAME/        nnU-Net's layout, with splits_final.json whose fold 0 is the test split
 *   OUT/NAME/train|test/        images/ and masks/ of the same, for `weak run`
 *
 * `--data` is the folder with `data` and `training`, as `pack:starter` takes it.
 */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import { splitPairs } from "../../src/data/index.ts";
import { clusterGroups, DuplicateSettings, duplicateClusters, fingerprint } from "../../src/gate/index.ts";
import { decodeImage, readMask, writeGray } from "../../src/index.ts";

const { values: flags } = parseArgs({ options: { data: { type: "string" }, out: { type: "string" } } });
if (!flags.data || !flags.out) throw new Error("--data DIR and --out DIR are needed");
const { data, out } = flags as { data: string; out: string };

interface Row {
  readonly image: string;
  readonly mask: string;
  readonly modality: string;
  readonly group: string;
  readonly split?: string;
  readonly licence_class?: string;
}

const rowsOf = async (file: string): Promise<Row[]> => parse(await readFile(join(data, file)), { columns: true, bom: true });
const training = (await rowsOf("training/index.csv")).map((row) => ({ ...row, folder: "training" }));
const shared = (await rowsOf("data/index.csv")).map((row) => ({ ...row, folder: "data" }));
const classOf = new Map((await rowsOf("training/shared_split.csv")).map((row) => [row.image, row.licence_class]));

type Source = Row & { readonly folder: string };
/** Sets by name. Those with a given split keep it; others are split by group and near-duplicates. */
const sets: Readonly<Record<string, { readonly rows: readonly Source[]; readonly testShare?: number }>> = {
  xray: { rows: shared.filter(({ modality }) => modality === "xray_chest_lungs"), testShare: 0.2 },
  breast: { rows: training.filter(({ modality }) => modality === "us_breast_tumor") },
  brain: { rows: training.filter(({ modality }) => modality === "mri_brain_tumor") },
  busi: { rows: training.filter(({ modality }) => modality === "us_breast_tumor_busi"), testShare: 0.3 },
  adults: {
    rows: shared.filter(({ modality, image }) => modality === "xray_chest_lungs" && classOf.get(image) === "B"),
    testShare: 0.3,
  },
};

for (const [i, [name, { rows, testShare }]] of Object.entries(sets).entries()) {
  const read = [];
  for (const row of rows) {
    const { image } = await decodeImage(join(data, row.folder, row.image));
    read.push({ row, key: basename(row.image, extname(row.image)), group: row.group || undefined, image, fingerprint: fingerprint(image) });
  }
  const clusters = duplicateClusters(
    read.map(({ key, fingerprint }) => ({ name: key, fingerprint })),
    DuplicateSettings.parse({}),
  );
  const grouped = clusterGroups(
    read.map(({ key, group }) => (group === undefined ? { key } : { key, group })),
    clusters.map((cluster) => cluster.map(({ name }) => name)),
  );
  const test =
    testShare === undefined
      ? new Set(read.flatMap(({ row, key }) => (row.split === "val" ? [key] : [])))
      : new Set(splitPairs(grouped, { fraction: testShare, seed: 1 }).validation.map(({ key }) => key));
  const dataset = join(out, `Dataset10${i + 1}_${name}`);
  for (const folder of ["imagesTr", "labelsTr"]) await mkdir(join(dataset, folder), { recursive: true });
  for (const { row, key, image } of read) {
    const { width, height, data: pixels } = image;
    const gray = { width, height, data: Uint8Array.from({ length: width * height }, (_, k) => pixels[3 * k]!) };
    const { mask } = await readMask(join(data, row.folder, row.mask));
    await writeGray(join(dataset, "imagesTr", `${key}_0000.png`), gray);
    await writeGray(join(dataset, "labelsTr", `${key}.png`), { ...mask, data: Uint8Array.from(mask.data) });
    const side = test.has(key) ? "test" : "train";
    for (const folder of ["images", "masks"]) await mkdir(join(out, name, side, folder), { recursive: true });
    await copyFile(join(data, row.folder, row.image), join(out, name, side, "images", basename(row.image)));
    await copyFile(join(data, row.folder, row.mask), join(out, name, side, "masks", basename(row.mask)));
  }
  const keys = read.map(({ key }) => key);
  const fold = { train: keys.filter((key) => !test.has(key)), val: keys.filter((key) => test.has(key)) };
  await writeFile(join(dataset, "splits_final.json"), JSON.stringify([fold], null, 1));
  const json = { channel_names: { 0: "gray" }, labels: { background: 0, target: 1 }, numTraining: keys.length, file_ending: ".png" };
  await writeFile(join(dataset, "dataset.json"), JSON.stringify(json));
  const groups = new Set(grouped.map(({ key, group = key }) => group));
  process.stdout.write(
    `${name}: ${fold.train.length} to train on, ${fold.val.length} to test on, ${groups.size} groups, ${clusters.length} clusters\n`,
  );
}
