/** What a model gives for a set: a row for each image and sentence. */
import { basename } from "node:path";
import {
  type Box,
  decodeImage,
  dsc,
  type Image,
  type Mask,
  nsd,
  readMask,
  type SegmentOptions,
  segmentTargets,
  surfaceNsd,
  type ZeroShotModel,
} from "../../src/index.ts";
import type { ImageOfSet, MeasuredSet } from "./questions.ts";

/** One sentence on one image. */
export interface Measured {
  readonly image: string;
  readonly question: string;
  readonly sentence: string;
  /** present: the image shows it; absent: no image of the set does; cropped: this part of the image does not. */
  readonly kind: "present" | "absent" | "cropped";
  /** The largest value of the map before normalisation. */
  readonly peak: number;
  readonly isEmpty: boolean;
  /** Where it is present. */
  readonly dsc?: number;
  readonly nsd?: number;
  readonly surfaceNsd?: number;
  readonly coarseDsc?: number;
  /** DSC with the mask of the first sentence of the question, for the others. */
  readonly agreement?: number;
}

/** Crops of the shorter side below this many pixels are left out. */
const leastSide = 64;

/** Asks all sentences of a set of each of its images. */
export async function measure(model: ZeroShotModel, set: MeasuredSet, options: SegmentOptions): Promise<Measured[]> {
  const rows: Measured[] = [];
  for (const image of set.images) rows.push(...(await measureImage(model, set, image, options)));
  return rows;
}

async function measureImage(
  model: ZeroShotModel,
  { questions, absent }: MeasuredSet,
  { file, masks }: ImageOfSet,
  options: SegmentOptions,
): Promise<Measured[]> {
  const { image } = await decodeImage(file, { mode: "paper" });
  const name = basename(file);
  const shown = questions.filter((question) => masks.has(question.name));
  const asked = [
    ...shown.flatMap((question) =>
      question.sentences.map((sentence) => ({ question: question.name, sentence, isFirst: sentence === question.sentences[0] })),
    ),
    ...absent.map((sentence) => ({ question: undefined, sentence, isFirst: true })),
  ];
  const targets = Object.fromEntries(asked.map(({ sentence }, i) => [`t${i}`, sentence]));
  const { targets: found } = await segmentTargets(model, image, targets, { ...options, name });
  const truths = new Map<string, Mask>();
  for (const { name } of shown) truths.set(name, (await readMask(masks.get(name)!)).mask);
  const firsts = new Map<string, Mask>();
  const rows = asked.map(({ question, sentence, isFirst }, i): Measured => {
    const { mask, coarse, capacity } = found[`t${i}`]!;
    const common = { image: name, sentence, peak: peakOf(capacity), isEmpty: !mask.data.includes(1) };
    if (question === undefined) return { ...common, question: "", kind: "absent" };
    const truth = truths.get(question)!;
    if (isFirst) firsts.set(question, mask);
    return {
      ...common,
      ...{
        question,
        kind: "present",
        dsc: dsc(mask, truth),
        nsd: nsd(mask, truth),
        surfaceNsd: surfaceNsd(mask, truth),
        coarseDsc: dsc(coarse, truth),
      },
      ...(!isFirst && { agreement: dsc(mask, firsts.get(question)!) }),
    };
  });
  for (const { name: question, sentences } of shown.slice(0, 1)) {
    const beside = cropBeside(image, truths.get(question)!);
    if (!beside) continue;
    const { targets } = await segmentTargets(model, beside, { cropped: sentences[0] }, { ...options, name });
    const { mask, capacity } = targets.cropped!;
    rows.push({
      ...{ image: name, question, sentence: sentences[0], kind: "cropped" },
      peak: peakOf(capacity),
      isEmpty: !mask.data.includes(1),
    });
  }
  return rows;
}

const peakOf = (values: Float32Array): number => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** The largest part of an image beside, above or below the box of a mask; undefined where it is too small. */
function cropBeside(image: Image, mask: Mask): Image | undefined {
  const { width, height } = image;
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const [i, value] of mask.data.entries()) {
    if (!value) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
  }
  const parts: Box[] = [
    { x0: 0, y0: 0, x1: left, y1: height },
    { x0: right, y0: 0, x1: width, y1: height },
    { x0: 0, y0: 0, x1: width, y1: top },
    { x0: 0, y0: bottom, x1: width, y1: height },
  ];
  const [largest] = parts.filter((part) => Math.min(...sides(part)) >= leastSide).sort((a, b) => area(b) - area(a));
  return largest && part(image, largest);
}

const sides = ({ x0, y0, x1, y1 }: Box): [number, number] => [x1 - x0, y1 - y0];
const area = (box: Box): number => sides(box)[0] * sides(box)[1];

/** The pixels of a box. */
function part({ width, data }: Image, box: Box): Image {
  const [columns, rows] = sides(box);
  const pixels = new Uint8Array(3 * columns * rows);
  for (let y = 0; y < rows; y++) {
    const from = 3 * ((box.y0 + y) * width + box.x0);
    pixels.set(data.subarray(from, from + 3 * columns), 3 * y * columns);
  }
  return { width: columns, height: rows, data: pixels };
}
