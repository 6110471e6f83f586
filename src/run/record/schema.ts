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
    /** Tensor prefix of the selected model, if the file holds several. */
    under: z.string().optional(),
  })
  .readonly();
/** A weights file used by a run. */
export type WeightsRecord = z.infer<typeof WeightsRecord>;

/** See `LeftOutRecord` of `scans/`. */
const LeftOut = z
  .object({ counts: named(z.number()), files: list(z.object({ file: z.string(), reason: z.string() }).readonly()) })
  .readonly();

/** The fields common to all records of a run. */
export const headerShape = {
  command: z.string(),
  settings: named(z.unknown()),
  /** Names of the settings that do not change the results: a run may be resumed with other values. */
  neutral: list(z.string()).optional(),
  seed: z.number().optional(),
  /** Device used; the settings hold the requested one. */
  device: z.string().optional(),
  /** Precision of SAM's image encoder; the settings hold the requested one. */
  samPrecision: z.string().optional(),
  /** How images became the input of SAM: the variant of the model; the settings hold the requested one. */
  samVariant: z.string().optional(),
  threads: z.number().nullish(),
  versions: named(z.string()),
  weights: named(WeightsRecord),
  /** Notice about the models, to be shown with every result. */
  notices: list(z.string()).optional(),
  /** Short form of the notices, drawn into pictures. */
  label: z.string().optional(),
  /** Other files on which results depend. */
  data: named(WeightsRecord).optional(),
  /** Named targets, in the order of their label values, each with all text prompts that occur. */
  targets: list(z.object({ name: z.string(), sentences }).readonly()).optional(),
  /** True if the text prompts name the class of each image, which somebody told the run: its results are not zero-shot. */
  classAware: z.boolean().optional(),
  /** Files in the input folders that were not used. */
  leftOut: LeftOut.optional(),
};
export const RunHeader = z.object(headerShape).readonly();
/** Header of a run: all that is needed to repeat it. */
export type RunHeader = z.infer<typeof RunHeader>;

export const Work = z
  .object({
    /** SHA-256 of each input file. */
    inputs: list(z.string()),
    /** Size and times of each when it was hashed: while they are unchanged, the file need not be read again. */
    stamps: list(z.string().nullable()).optional(),
    prompt: sentences.optional(),
    /** Text prompts of each named target. */
    targets: named(sentences).optional(),
  })
  .readonly();
/** What a result was computed from, apart from the settings: same inputs, same result. */
export type Work = z.infer<typeof Work>;

/** The mask of a target in a volume. Lengths and volumes are null where the slices are no volume, or distances are unknown. */
const VolumeRecord = z
  .object({
    voxels: z.number(),
    mm3: z.number().nullable(),
    /** Longest diameter in any direction, and within one slice. */
    longestMm: z.number().nullable(),
    longestInSliceMm: z.number().nullable(),
    /** The first and the last slice that has some of it, counted from 1; null if it is empty. */
    slices: z.tuple([z.number(), z.number()]).readonly().nullable(),
    /** Slices whose mask became another one when the volume was made consistent. */
    changedSlices: z.number().optional(),
  })
  .readonly();

/** Results for one target in an image. */
export const targetShape = {
  /** Text prompts given to CLIP. */
  prompt: sentences.optional(),
  /** True if the image was found not to show the target: by the saliency map, which is then empty, too, or by a calibration. Its mask is empty. */
  absent: z.boolean().optional(),
  /** What speaks for the target being in the image, and the score that a calibration makes of it; see `Calibration` of `presence/`. */
  presence: z
    .object({ score: z.number().nullable(), threshold: z.number(), isPresent: z.boolean(), signs: named(z.number()).optional() })
    .readonly()
    .optional(),
  /** Similarity of the text to the image and to the image times the map, and the drop and increase from one to the other. */
  confidence: z.object({ similarity: z.number(), masked: z.number(), drop: z.number(), isIncreased: z.boolean() }).readonly().optional(),
  /** Least gray level of the saliency map that counted as foreground. */
  level: z.number().optional(),
  coarseAreaPx: z.number().optional(),
  /** x0, y0, x1, y1 of each box given to SAM. */
  boxes: list(list(z.number())).optional(),
  /** x, y, label of each point given to SAM. */
  points: list(list(z.number())).optional(),
  scores: list(z.number()).optional(),
  areaPx: z.number().optional(),
  /** Null if the pixel spacing is unknown. */
  areaMm2: z.number().nullish(),
  /** Of a scan of several frames: its mask in all of them. */
  volume: VolumeRecord.optional(),
};

/** Results for one named target in an image; each warning begins with the command that gave it. */
export const TargetRecord = z.object({ ...targetShape, warnings: list(z.string()) }).readonly();
export type TargetRecord = z.infer<typeof TargetRecord>;

export const ImageRecord = z
  .object({
    name: z.string(),
    file: z.string().optional(),
    /** Number of the frame in its file, from 1, where the file holds several. */
    frame: z.number().optional(),
    width: z.number().optional(),
    height: z.number().optional(),
    /** Of a scan of several frames: how many were segmented. */
    frames: z.number().optional(),
    /** Formats in which the results were written beside PNG, and their files. */
    formats: list(z.string()).optional(),
    files: list(z.string()).optional(),
    /** How a picture was turned upright, as EXIF counts it; boxes, points and window are of the upright picture, masks of the stored one. */
    orientation: z.number().optional(),
    /** How values became levels of gray, see `AppliedWindow`; absent for pictures. */
    display: z.looseObject({ kind: z.string() }).readonly().optional(),
    /** x0, y0, x1, y1: the part of the image that CLIP saw; x1 and y1 exclusive. */
    window: list(z.number()).optional(),
    /** True if the text prompts name the class of the image, which somebody told the run. */
    classAware: z.boolean().optional(),
    /** Number of regions that were found without being asked for. */
    regions: z.number().optional(),
    /** Fields of the unnamed target, in a run without named targets. */
    ...targetShape,
    /** Results for named targets. */
    targets: named(TargetRecord).optional(),
    /** Each begins with the command that gave it. */
    warnings: list(z.string()),
    /** Milliseconds of each stage. */
    ms: named(z.number()).optional(),
    /** For each command that has processed this image, its inputs. */
    made: named(Work),
  })
  .readonly();
/** Results of a run for one image. Later steps in the same folder add their fields. */
export type ImageRecord = z.infer<typeof ImageRecord>;

export const FailureRecord = z.object({ name: z.string(), file: z.string(), command: z.string(), message: z.string() }).readonly();
/** An input that failed. */
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
  commands: ["segment", "saliency", "coarse", "refine", "everything", "weak pseudo-label", "weak predict", "weak uncertainty"],
  version: 2,
  schema: RunFile,
  line: RunLine,
  identity: fingerprintOf,
};
