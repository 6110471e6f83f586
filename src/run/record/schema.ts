import { z } from "zod";
import type { RecordKind } from "./folder.ts";
import { fingerprintOf } from "./resume.ts";

export const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const named = <T extends z.ZodType>(value: T) => z.record(z.string(), value).readonly();
const sentences = list(z.string());

export const WeightsRecord = z
  .object({
    file: z.string(),
    sha256: z.string(),
    /** Which of several models in the file was named, by the prefix of its tensors. */
    under: z.string().optional(),
  })
  .readonly();
/** A weight file behind a run. */
export type WeightsRecord = z.infer<typeof WeightsRecord>;

/** See `LeftOutRecord` of `scans/`. */
const LeftOut = z
  .object({ counts: named(z.number()), files: list(z.object({ file: z.string(), reason: z.string() }).readonly()) })
  .readonly();

/** The fields of every record of a run. */
export const headerShape = {
  command: z.string(),
  settings: named(z.unknown()),
  seed: z.number().optional(),
  /** Where it was computed; the settings hold what was asked for. */
  device: z.string().optional(),
  /** Numbers in which SAM's image encoder multiplied; the settings hold what was asked for. */
  samPrecision: z.string().optional(),
  threads: z.number().nullish(),
  versions: named(z.string()),
  weights: named(WeightsRecord),
  /** What everybody who sees a result must know of the models. */
  notices: list(z.string()).optional(),
  /** Other files that a result depends on. */
  data: named(WeightsRecord).optional(),
  /** What was looked for, where it was named: in the order of the values in label images, with all sentences that occur. */
  targets: list(z.object({ name: z.string(), sentences }).readonly()).optional(),
  /** What lies in the input folders and was not taken. */
  leftOut: LeftOut.optional(),
};
export const RunHeader = z.object(headerShape).readonly();
/** What is needed to repeat a run. */
export type RunHeader = z.infer<typeof RunHeader>;

export const Work = z
  .object({
    /** SHA-256 of each input file. */
    inputs: list(z.string()),
    /** What the system said of each when it was hashed: while that is the same, the file need not be read to know its hash. */
    stamps: list(z.string().nullable()).optional(),
    prompt: sentences.optional(),
    /** Sentences of each named target. */
    targets: named(sentences).optional(),
  })
  .readonly();
/** What a result was made from, apart from the settings: if it is the same, the result is. */
export type Work = z.infer<typeof Work>;

/** What is known of one target in an image. */
export const targetShape = {
  /** Sentences given to CLIP. */
  prompt: sentences.optional(),
  /** Least gray level of the saliency map that counted as foreground. */
  level: z.number().optional(),
  coarseAreaPx: z.number().optional(),
  /** x0, y0, x1, y1 of each box given to SAM. */
  boxes: list(list(z.number())).optional(),
  /** x, y, label of each point given to SAM. */
  points: list(list(z.number())).optional(),
  scores: list(z.number()).optional(),
  areaPx: z.number().optional(),
  /** Null where nothing tells the spacing of the pixels. */
  areaMm2: z.number().nullish(),
};

/** What is known of one named target in an image; each warning begins with the command that gave it. */
export const TargetRecord = z.object({ ...targetShape, warnings: list(z.string()) }).readonly();
export type TargetRecord = z.infer<typeof TargetRecord>;

export const ImageRecord = z
  .object({
    name: z.string(),
    file: z.string().optional(),
    width: z.number().optional(),
    height: z.number().optional(),
    /** x0, y0, x1, y1: the part of the image that CLIP saw; x1 and y1 exclusive. */
    window: list(z.number()).optional(),
    /** Of the one target of a run in which nobody named any. */
    ...targetShape,
    /** Of named targets. */
    targets: named(TargetRecord).optional(),
    /** Each begins with the command that gave it. */
    warnings: list(z.string()),
    /** Milliseconds of each stage. */
    ms: named(z.number()).optional(),
    /** For each command that has done this image, what it worked on. */
    made: named(Work),
  })
  .readonly();
/** What a run knows of one image. Later steps in the same folder add their fields. */
export type ImageRecord = z.infer<typeof ImageRecord>;

export const FailureRecord = z.object({ name: z.string(), file: z.string(), command: z.string(), message: z.string() }).readonly();
/** An input that could not be done. */
export type FailureRecord = z.infer<typeof FailureRecord>;

const RunFile = z.object({
  ...headerShape,
  notice: z.string(),
  recordVersion: z.int().optional(),
  /** Other commands that have written into the same folder. */
  earlier: list(RunHeader),
  images: list(ImageRecord),
  failed: list(FailureRecord),
});
export type RunFile = z.infer<typeof RunFile>;

const RunLine = z.union([z.object({ image: ImageRecord }), z.object({ failed: FailureRecord })]);
/** A line of the journal. */
export type RunLine = z.infer<typeof RunLine>;

/** `run.json` of a run over images. */
export const imagesRecord: RecordKind<RunFile, RunLine> = {
  file: "run.json",
  commands: ["segment", "saliency", "coarse", "refine"],
  version: 2,
  schema: RunFile,
  line: RunLine,
  identity: fingerprintOf,
};
