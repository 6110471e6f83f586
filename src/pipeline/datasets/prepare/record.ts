import { z } from "zod";
import { notice, type RecordKind, RunFolder, recordText } from "../../../run/record/folder.ts";
import { differenceOf, fingerprintOf, otherResults } from "../../../run/record/resume.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import { version } from "../../../version.ts";
import { type DataSet, splits } from "../data-set.ts";
import { outputs } from "./layout.ts";
import { DatasetsPrepareSettings } from "./settings.ts";

const Source = z.strictObject({
  /** Relative to the folder that was read. */
  file: z.string(),
  sha256: z.string(),
  /** Size and times of the file when it was hashed; null if a change could go undetected. */
  stamp: z.string().nullable(),
});

const LaidOut = z.strictObject({
  /** Name of its files, without ending. */
  name: z.string(),
  split: z.enum(splits),
  /** Ending of its image. */
  ending: z.string(),
  /** A number, which no other file tells. */
  group: z.string().optional(),
  class: z.string().optional(),
  /** The files it was made from: one for the image, then those of the mask. */
  sources: z.array(Source),
  /** Which of them the mask was made from; none: it is empty. Absent in data sets of captions. */
  maskSources: z.array(z.int()).optional(),
  warnings: z.array(z.string()).optional(),
});
/** An image of the result, with where it comes from. */
export type LaidOut = z.infer<typeof LaidOut>;

const Failed = z.strictObject({ files: z.array(z.string()), message: z.string() });
/** Files that could not be used, the one to be named first. */
export type Failed = z.infer<typeof Failed>;

const Facts = z.strictObject({
  title: z.string(),
  licence: z.string(),
  citation: z.string(),
  pages: z.array(z.string()),
  paper: z.partialRecord(z.enum(splits), z.number()),
  paperSplits: z.string(),
  intensities: z.string(),
});

const Counts = z.strictObject({
  /** Files in the folder. */
  found: z.number(),
  /** Files from which something was made, and tables that were read. */
  used: z.number(),
  leftOut: z.number(),
  /** Files of images and tables that cannot be used. */
  failed: z.number(),
});
export type Counts = z.infer<typeof Counts>;

const LeftOut = z.strictObject({
  /** By reason. Captions that are left out count, too, each as one. */
  counts: z.record(z.string(), z.number()),
  /** The first hundred. */
  files: z.array(z.strictObject({ file: z.string(), reason: z.string() })),
});
export type LeftOut = z.infer<typeof LeftOut>;

const PreparedFile = z.strictObject({
  notice: z.string(),
  recordVersion: z.int(),
  command: z.literal("datasets prepare"),
  versions: z.record(z.string(), z.string()),
  settings: z.record(z.string(), z.unknown()),
  neutral: z.array(z.string()),
  dataset: Facts,
  counts: Counts.nullable(),
  leftOut: LeftOut,
  items: z.array(LaidOut),
  failed: z.array(Failed),
});
type PreparedFile = z.infer<typeof PreparedFile>;
type Head = Omit<PreparedFile, "items" | "failed">;

const Line = z.union([z.strictObject({ item: LaidOut }), z.strictObject({ failed: Failed })]);

const preparedRecord: RecordKind<PreparedFile, z.infer<typeof Line>> = {
  file: "run.json",
  commands: ["datasets prepare"],
  version: 1,
  schema: PreparedFile,
  line: Line,
  identity: fingerprintOf,
};

/** `run.json` of a prepared data set: each image with the files it was made from, and each file that was not used. */
export class PreparedRecord {
  /** Images of other settings, of which `overwrite` makes nothing more; else none. */
  readonly replaced: readonly LaidOut[];
  private readonly folder: RunFolder<PreparedFile, z.infer<typeof Line>>;
  private readonly byName: Map<string, LaidOut>;
  private readonly failures: Failed[] = [];
  private head: Head;

  private constructor(
    folder: RunFolder<PreparedFile, z.infer<typeof Line>>,
    head: Head,
    { kept, replaced }: { readonly kept: readonly LaidOut[]; readonly replaced: readonly LaidOut[] },
  ) {
    this.folder = folder;
    this.head = head;
    this.replaced = replaced;
    this.byName = new Map(kept.map((item) => [item.name, item]));
  }

  /**
   * Opens the record of a folder, or starts one. Nothing is written before `begin`; call `close` when done.
   *
   * @throws ConfigError when the folder holds images of other settings, or files that no run made, and `overwrite` is not set; or when another run writes into it
   */
  static async open(given: DatasetsPrepareSettings, dataSet: DataSet, leftOut: LeftOut): Promise<PreparedRecord> {
    const { out, overwrite } = given;
    const head = headOf(given, dataSet, leftOut);
    return await RunFolder.openAs(out, preparedRecord, async (folder, found) => {
      if (!found && !overwrite) await folder.refuseStrangers(outputs);
      const items = found ? [...found.record.items, ...found.lines.flatMap((line) => ("item" in line ? [line.item] : []))] : [];
      const difference = found && differenceOf(found.record, head);
      if (difference !== undefined && !overwrite) throw otherResults(out, "images of other settings", difference);
      const isKept = difference === undefined;
      return new PreparedRecord(folder, head, { kept: isKept ? items : [], replaced: isKept ? [] : items });
    });
  }

  get warnings(): readonly string[] {
    return this.folder.warnings;
  }

  /** The record of an image that an earlier run made. */
  get(name: string): LaidOut | undefined {
    return this.byName.get(name);
  }

  /** From now on all images are recorded, even if the run is killed. */
  async begin(): Promise<void> {
    await this.folder.begin({ ...this.head, items: [], failed: [] }, () =>
      recordText(this.head, {
        items: this.items().map((item) => JSON.stringify(item)),
        failed: this.failures.map((one) => JSON.stringify(one)),
      }),
    );
  }

  async add(item: LaidOut): Promise<void> {
    const ordered = LaidOut.parse(item);
    this.byName.set(item.name, ordered);
    await this.folder.append({ item: ordered });
  }

  async fail({ files, message }: { readonly files: readonly string[]; readonly message: string }): Promise<void> {
    const failed = { files: [...files], message };
    this.failures.push(failed);
    await this.folder.append({ failed });
  }

  /** Forgets images that are no longer made. */
  drop(names: Iterable<string>): void {
    for (const name of names) this.byName.delete(name);
  }

  /** Sorted by name. */
  items(): readonly LaidOut[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async finish(counts: Counts): Promise<void> {
    this.head = { ...this.head, counts };
    await this.folder.finish();
  }

  /** Unlocks the folder, however the run ended. */
  async close(): Promise<void> {
    await this.folder.close();
  }
}

function headOf(given: DatasetsPrepareSettings, dataSet: DataSet, leftOut: LeftOut): Head {
  const { title, licence, citation, pages, paper, paperSplits, intensities = "as in the files" } = dataSet;
  return {
    notice,
    recordVersion: preparedRecord.version,
    command: "datasets prepare",
    versions: { "medclip-sam": version, node: process.versions.node },
    ...recordedSettings(DatasetsPrepareSettings, given),
    dataset: { title, licence, citation, pages: [...pages], paper, paperSplits, intensities },
    counts: null,
    leftOut,
  };
}
