import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../atomic-write.ts";
import { ConfigError, InputError } from "../errors.ts";
import { runtimeVersion } from "../runtime/node.ts";
import type { LeftOutRecord } from "../scans/left-out.ts";
import { version } from "../version.ts";

/** A weight file behind a run. */
export interface WeightsRecord {
  readonly file: string;
  readonly sha256: string;
}

/** What is needed to repeat a run. */
export interface RunHeader {
  readonly command: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed?: number;
  /** Where it was computed; the settings hold what was asked for. */
  readonly device?: string;
  /** Numbers in which SAM's image encoder multiplied; the settings hold what was asked for. */
  readonly samPrecision?: string | undefined;
  readonly threads?: number | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly weights: Readonly<Record<string, WeightsRecord>>;
  /** What everybody who sees a result must know of the models. */
  readonly notices?: readonly string[];
  /** Other files that a result depends on. */
  readonly data?: Readonly<Record<string, WeightsRecord>>;
  /** What lies in the input folders and was not taken. */
  readonly leftOut?: LeftOutRecord | undefined;
}

/** What a run knows of one image. Later steps in the same folder add their fields. */
export interface ImageRecord {
  readonly name: string;
  readonly file?: string;
  readonly width?: number;
  readonly height?: number;
  /** Sentences given to CLIP. */
  readonly prompt?: readonly string[];
  /** x0, y0, x1, y1: the part of the image that CLIP saw; x1 and y1 exclusive. */
  readonly window?: readonly number[];
  /** Least gray level of the saliency map that counted as foreground. */
  readonly level?: number;
  readonly coarseAreaPx?: number;
  /** x0, y0, x1, y1 of each box given to SAM. */
  readonly boxes?: readonly (readonly number[])[];
  /** x, y, label of each point given to SAM. */
  readonly points?: readonly (readonly number[])[];
  readonly scores?: readonly number[];
  readonly areaPx?: number;
  /** Null where the file does not tell the spacing of its pixels. */
  readonly areaMm2?: number | null;
  /** Each begins with the command that gave it. */
  readonly warnings: readonly string[];
  /** Milliseconds of each stage. */
  readonly ms?: Readonly<Record<string, number>>;
  /** For each command that has done this image, what it worked on. */
  readonly made: Readonly<Record<string, Work>>;
}

/** What a result was made from, apart from the settings: if it is the same, the result is. */
export interface Work {
  /** SHA-256 of each input file. */
  readonly inputs: readonly string[];
  readonly prompt?: readonly string[];
}

/** An input that could not be done. */
export interface FailureRecord {
  readonly name: string;
  readonly file: string;
  readonly command: string;
  readonly message: string;
}

interface RunFile extends RunHeader {
  readonly notice: string;
  /** Other commands that have written into the same folder. */
  readonly earlier: readonly RunHeader[];
  readonly images: readonly ImageRecord[];
  readonly failed: readonly FailureRecord[];
}

/** Settings that do not change what a result is: where files lie, how fast, what else is written. Weights count by their SHA-256. */
const neutral = new Set([
  "inputs",
  "out",
  "coarse",
  "prompt",
  "prompts",
  "pack",
  "clip",
  "clipConfig",
  "sam",
  "noise",
  "cache",
  "threads",
  "raw",
  "overwrite",
  "dryRun",
  "pairs",
  "data",
  "images",
  "workers",
  "checkpointEvery",
  "resume",
]);

/** Pictures that each command writes: two that write the same ones cannot share a folder. */
const pictures: Readonly<Record<string, readonly string[]>> = {
  segment: ["saliency", "coarse", "masks", "overlay"],
  saliency: ["saliency"],
  coarse: ["coarse"],
  refine: ["masks", "overlay"],
};

/** `run.json`: what was done with which settings, so that a run can be repeated, resumed and trusted. */
export class RunRecord {
  private readonly file: string;
  private readonly header: RunHeader;
  private readonly earlier: readonly RunHeader[];
  private readonly images: Map<string, ImageRecord>;
  private readonly failed = new Map<string, FailureRecord>();

  private constructor(
    file: string,
    header: RunHeader,
    earlier: readonly RunHeader[],
    images: Map<string, ImageRecord>,
    failed: readonly FailureRecord[],
  ) {
    this.file = file;
    this.header = header;
    this.earlier = earlier;
    this.images = images;
    for (const failure of failed) this.failed.set(failure.name, failure);
  }

  /**
   * Opens the record of a folder, or begins one.
   *
   * @param options.overwrite - forget what other settings have made
   * @throws ConfigError when the folder holds results of other settings and they shall not be overwritten
   */
  static async open(out: string, header: Omit<RunHeader, "versions">, options: { readonly overwrite: boolean }): Promise<RunRecord> {
    const file = join(out, "run.json");
    const own: RunHeader = { ...header, versions: await versions() };
    const before = await readRunFile(file);
    if (!before) return new RunRecord(file, own, [], new Map(), []);
    const { notice: _, earlier, images, failed, ...latest } = before;
    const headers = [latest as RunHeader, ...earlier];
    const records = new Map(images.map((image) => [image.name, image]));
    const rivals = headers.filter(({ command }) => pictures[command]?.some((folder) => pictures[own.command]?.includes(folder)));
    for (const rival of rivals) {
      const difference = rival.command === own.command ? differenceOf(rival, own) : `the command was "${rival.command}"`;
      if (difference === undefined) continue;
      if (!options.overwrite) {
        throw new ConfigError(
          `"${out}" holds results of other settings (${difference}). Choose another --out, or give --overwrite to replace them.`,
        );
      }
      for (const [name, record] of records) records.set(name, without(record, rival.command));
    }
    const others = headers.filter((one) => !rivals.includes(one));
    return new RunRecord(
      file,
      own,
      others,
      records,
      failed.filter(({ command }) => command !== own.command),
    );
  }

  /** What is known of an image. */
  get(name: string): ImageRecord | undefined {
    return this.images.get(name);
  }

  /**
   * Whether an image needs no work: this command has done it, from the same inputs, and its files are there.
   *
   * @throws ConfigError when it was done with another text prompt
   */
  isDone(name: string, work: Work, outputs: readonly string[], options: { readonly overwrite: boolean }): boolean {
    const made = this.images.get(name)?.made[this.header.command];
    if (!made) return false;
    if (JSON.stringify(made.prompt) !== JSON.stringify(work.prompt)) {
      if (options.overwrite) return false;
      throw new ConfigError(
        `"${name}" was done with the text prompt ${JSON.stringify(made.prompt)}, now it is ${JSON.stringify(work.prompt)}. Choose another --out, or give --overwrite to replace it.`,
      );
    }
    return JSON.stringify(made.inputs) === JSON.stringify(work.inputs) && outputs.every((file) => existsSync(file));
  }

  /** Adds what this command found of an image, and writes the file. */
  async put(image: Omit<ImageRecord, "made" | "warnings">, work: Work, warnings: readonly string[]): Promise<void> {
    const { command } = this.header;
    const before = this.images.get(image.name);
    const kept = before ? without(before, command) : undefined;
    this.images.set(image.name, {
      ...kept,
      ...image,
      warnings: [...(kept?.warnings ?? []), ...warnings.map((warning) => `${command}: ${warning}`)],
      ...((kept?.ms || image.ms) && { ms: { ...kept?.ms, ...image.ms } }),
      made: { ...kept?.made, [command]: work },
    });
    this.failed.delete(image.name);
    await this.write();
  }

  /** Notes an input that could not be done, and writes the file. */
  async fail(failure: Omit<FailureRecord, "command">): Promise<void> {
    this.failed.set(failure.name, { ...failure, command: this.header.command });
    await this.write();
  }

  /** Writes the file whole. */
  async write(): Promise<void> {
    const { command, ...rest } = this.header;
    const content: RunFile = {
      notice: "Research use only; not a medical device.",
      command,
      ...rest,
      earlier: this.earlier,
      images: [...this.images.values()],
      failed: [...this.failed.values()],
    };
    await writeAtomic(this.file, `${JSON.stringify(content, null, 1)}\n`);
  }
}

/** Versions of what computes. */
export async function versions(): Promise<Readonly<Record<string, string>>> {
  return { "medclip-sam": version, node: process.versions.node, onnxruntime: await runtimeVersion() };
}

/** The records of images in a folder that another command has written, by name; none where there is no `run.json`. */
export async function readImageRecords(folder: string): Promise<ReadonlyMap<string, ImageRecord>> {
  const run = await readRunFile(join(folder, "run.json"));
  return new Map(run?.images.map((image) => [image.name, image]));
}

/** What is needed to repeat the runs that have written into a folder, the latest first; none where there is no `run.json`. */
export async function readRunHeaders(folder: string): Promise<readonly RunHeader[]> {
  const run = await readRunFile(join(folder, "run.json"));
  return run ? [run, ...run.earlier] : [];
}

async function readRunFile(file: string): Promise<RunFile | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const run = JSON.parse(text) as RunFile;
    if (!Array.isArray(run.images) || !Array.isArray(run.failed) || !Array.isArray(run.earlier))
      throw new Error("it has no list of images");
    return run;
  } catch (cause) {
    throw new InputError(`"${file}" is not a record of a run (${(cause as Error).message}). Move it away or choose another --out.`, {
      cause,
    });
  }
}

function without(record: ImageRecord, command: string): ImageRecord {
  const { [command]: _, ...made } = record.made;
  return { ...record, made, warnings: record.warnings.filter((warning) => !warning.startsWith(`${command}: `)) };
}

/** A few characters that are the same for runs between which `differenceOf` finds no difference. */
export function fingerprintOf({ command, settings, device, weights, data }: Omit<RunHeader, "versions">): string {
  const used = Object.entries(settings).filter(([key, value]) => !neutral.has(key) && value !== undefined);
  const files = Object.entries({ ...weights, ...data }).map(([name, { sha256 }]) => [name, sha256]);
  const byName = (entries: unknown[][]) => entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const content = JSON.stringify([command, device, byName(used), byName(files)]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/** The first setting or file in which two runs of a command differ, in words. */
export function differenceOf(before: RunHeader, now: RunHeader): string | undefined {
  // Through JSON, so that absent and undefined are the same.
  const settings = JSON.parse(JSON.stringify(now.settings)) as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before.settings), ...Object.keys(settings)])) {
    const [was, is] = [before.settings[key], settings[key]].map((value) => JSON.stringify(value) ?? "unset");
    if (!neutral.has(key) && was !== is) return `${key} was ${was}, now it is ${is}`;
  }
  if (before.device !== now.device) return `it was computed on ${before.device}, now it would be on ${now.device}`;
  const [precision, present] = [before, now].map(({ samPrecision, settings }) => samPrecision ?? settings.samPrecision);
  if (precision !== present) return `SAM computed in ${precision}, now it would in ${present}`;
  const [was, is] = [before, now].map(({ weights, data }) => ({ ...weights, ...data }));
  for (const key of new Set([...Object.keys(was!), ...Object.keys(is!)])) {
    if (was![key]?.sha256 !== is![key]?.sha256) return `the file behind "${key}" was another one`;
  }
  return undefined;
}
