import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomic } from "../atomic-write.ts";
import { ConfigError, InputError } from "../errors.ts";
import { modalities } from "../phantom/index.ts";
import { version } from "../version.ts";
import type { PhantomSettings } from "./settings.ts";

const Facts = z.strictObject({
  side: z.enum(["left", "right", "midline"]).optional(),
  size: z.enum(["small", "medium", "large"]).optional(),
  kind: z.string().optional(),
  site: z.string().optional(),
});

const DrawnImage = z.strictObject({
  /** Of its files, without their ending. */
  name: z.string(),
  modality: z.enum(modalities),
  index: z.int().nonnegative(),
  /** What it shows, and what is known of it. */
  structures: z.record(z.string(), Facts),
});
/** What is told of a drawn image beside its pixels. */
export type DrawnImage = z.infer<typeof DrawnImage>;

const PhantomFile = z.strictObject({
  notice: z.string(),
  version: z.string(),
  seed: z.number(),
  size: z.number(),
  count: z.number(),
  images: z.array(DrawnImage),
});

const notice = "Synthetic images: drawn, not measured. Nothing in them comes from a person.";

/** `phantoms.json`: which images a folder holds and what they show. It grows with the folder: another run of the same seed and size adds to it. */
export class PhantomRecord {
  private readonly file: string;
  private readonly settings: Pick<PhantomSettings, "seed" | "size">;
  private readonly byName: Map<string, DrawnImage>;

  private constructor(file: string, settings: Pick<PhantomSettings, "seed" | "size">, images: readonly DrawnImage[]) {
    this.file = file;
    this.settings = settings;
    this.byName = new Map(images.map((image) => [image.name, image]));
  }

  /**
   * Opens the record of a folder, or begins one.
   *
   * @returns also the images that other settings made, of which the record knows nothing more; none unless `overwrite`
   * @throws ConfigError when other settings made images here and they shall not be overwritten
   */
  static async open(settings: PhantomSettings): Promise<{ record: PhantomRecord; replaced: readonly DrawnImage[] }> {
    const file = join(settings.out, "phantoms.json");
    const before = await readPhantomFile(file);
    const now = { version, seed: settings.seed, size: settings.size };
    const differs = before && (Object.keys(now) as (keyof typeof now)[]).find((key) => before[key] !== now[key]);
    if (differs && !settings.overwrite) {
      throw new ConfigError(
        `"${settings.out}" holds images of other settings (${differs} was ${before[differs]}, now it is ${now[differs]}). Choose another --out, or give --overwrite to replace them.`,
      );
    }
    const kept = before && !differs ? before.images : [];
    return { record: new PhantomRecord(file, settings, kept), replaced: differs ? before.images : [] };
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** Adds an image, with its facts in the order in which the file is read again: the same images are the same bytes. */
  add(image: DrawnImage): void {
    this.byName.set(image.name, DrawnImage.parse(image));
  }

  /** In the order of their names. */
  images(): readonly DrawnImage[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Writes the file whole. */
  async write(): Promise<void> {
    const { seed, size } = this.settings;
    const images = this.images();
    const lines = images.map((image) => JSON.stringify(image)).join(",\n");
    const head = JSON.stringify({ notice, version, seed, size, count: images.length } satisfies Omit<
      z.infer<typeof PhantomFile>,
      "images"
    >);
    await writeAtomic(this.file, `${head.slice(0, -1)},"images":[\n${lines}\n]}\n`);
  }
}

async function readPhantomFile(file: string): Promise<z.infer<typeof PhantomFile> | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return PhantomFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new InputError(`"${file}" is not a record of drawn images. Move it away or choose another --out.`, { cause });
  }
}
