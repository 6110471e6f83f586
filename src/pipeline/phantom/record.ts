import { z } from "zod";
import { modalities, structureNames } from "../../phantom/index.ts";
import { type RecordKind, RunFolder, recordText } from "../../run/record/folder.ts";
import { differenceOf, otherResults } from "../../run/record/resume.ts";
import { version } from "../../version.ts";
import type { PhantomSettings } from "./settings.ts";

const Facts = z.strictObject({
  side: z.enum(["left", "right", "midline"]).optional(),
  size: z.enum(["small", "medium", "large"]).optional(),
  kind: z.string().optional(),
  site: z.string().optional(),
});

const DrawnImage = z.strictObject({
  /** Name of its files, without extension. */
  name: z.string(),
  modality: z.enum(modalities),
  index: z.int().nonnegative(),
  /** The structures it shows, with their facts. */
  structures: z.record(z.string(), Facts),
});
/** The facts about a phantom beside its pixels. */
export type DrawnImage = z.infer<typeof DrawnImage>;

const PhantomFile = z.strictObject({
  notice: z.string(),
  recordVersion: z.int().optional(),
  /** Version of the drawing program: another version may draw other images. */
  version: z.string(),
  seed: z.number(),
  size: z.number(),
  /** Of volumes: their number of slices. */
  slices: z.number().optional(),
  count: z.number(),
  images: z.array(DrawnImage),
});
type PhantomFile = z.infer<typeof PhantomFile>;

const notice = "Synthetic images: drawn, not measured. Nothing in them comes from a person.";

/** Settings that determine the image of a name. */
const decisive = ({ version, seed, size, slices }: Pick<PhantomFile, "version" | "seed" | "size" | "slices">) => ({
  version,
  seed,
  size,
  ...(slices !== undefined && { slices }),
});

/** The settings of a run as its record has them: slices belong to volumes alone. */
const recorded = ({ volume, slices, ...settings }: PhantomSettings) => ({ version, ...settings, ...(volume && { slices }) });

const phantomRecord: RecordKind<PhantomFile, DrawnImage> = {
  file: "phantoms.json",
  version: 1,
  schema: PhantomFile,
  line: DrawnImage,
  identity: (record) => JSON.stringify(decisive(record)),
};

/** Files and folders written beside the record. */
const outputs = [
  "images",
  "masks",
  ...structureNames.map((structure) => `masks_${structure}`),
  "captions.csv",
  "regions.csv",
  "prompts.json",
  "vocab.txt",
];

/** `phantoms.json`: the images of a folder and the structures they show. Another run with the same seed and size adds to it. */
export class PhantomRecord {
  /** Images of other settings that the record no longer lists; none without `overwrite`. */
  readonly replaced: readonly DrawnImage[];
  private readonly folder: RunFolder<PhantomFile, DrawnImage>;
  private readonly settings: PhantomSettings;
  private readonly byName: Map<string, DrawnImage>;

  private constructor(
    folder: RunFolder<PhantomFile, DrawnImage>,
    settings: PhantomSettings,
    { kept, replaced }: { readonly kept: readonly DrawnImage[]; readonly replaced: readonly DrawnImage[] },
  ) {
    this.folder = folder;
    this.settings = settings;
    this.replaced = replaced;
    this.byName = new Map(kept.map((image) => [image.name, image]));
  }

  /**
   * Opens the record of a folder, or starts one. Nothing is written before `begin`; call `close` when done.
   *
   * @throws ConfigError when the folder holds images of other settings, or files that no run made, and `overwrite` is not set; or when another run writes into it
   */
  static async open(settings: PhantomSettings): Promise<PhantomRecord> {
    const { out, overwrite } = settings;
    return await RunFolder.openAs(out, phantomRecord, async (folder, found) => {
      if (!found && !overwrite) await folder.refuseStrangers(outputs);
      const images = found ? [...found.record.images, ...found.lines] : [];
      const now = { settings: decisive(recorded(settings)) };
      const difference = found && differenceOf({ settings: decisive(found.record) }, now);
      if (difference !== undefined && !overwrite) throw otherResults(out, "images of other settings", difference);
      const isKept = difference === undefined;
      return new PhantomRecord(folder, settings, { kept: isKept ? images : [], replaced: isKept ? [] : images });
    });
  }

  /** Warnings about the folder. */
  get warnings(): readonly string[] {
    return this.folder.warnings;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** From now on all drawn images are recorded, even if the run is killed. */
  async begin(): Promise<void> {
    await this.folder.begin({ ...this.head(), images: [] }, () =>
      recordText(this.head(), { images: this.images().map((image) => JSON.stringify(image)) }),
    );
  }

  /** Adds an image, with its facts in the order of the schema, so that the same images give the same bytes. */
  async add(image: DrawnImage): Promise<void> {
    const ordered = DrawnImage.parse(image);
    this.byName.set(image.name, ordered);
    await this.folder.append(ordered);
  }

  /** Sorted by name. */
  images(): readonly DrawnImage[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Writes the record for the last time. */
  async finish(): Promise<void> {
    await this.folder.finish();
  }

  /** Unlocks the folder, however the run ended. */
  async close(): Promise<void> {
    await this.folder.close();
  }

  private head(): Omit<PhantomFile, "images"> {
    return { notice, recordVersion: phantomRecord.version, ...decisive(recorded(this.settings)), count: this.byName.size };
  }
}
