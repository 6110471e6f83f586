import { gridOf } from "../../models/sam/index.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import type { SamOptions } from "../../segment/index.ts";
import { ByteCache, type PromptData } from "../../train/index.ts";
import { loadSam, type SamOfFiles } from "../models/model.ts";
import { keptEmbeddings } from "../zero-shot/steps/embedding-cache.ts";

/** Bytes of embeddings kept in memory per part of the data (training, validation). */
const keptBytes = 2 ** 30;

/** The embeddings of a training with a frozen image encoder: each image is encoded once, as far as memory or a cache folder allows. */
export class ImageEmbeddings {
  /** Warnings about cached embeddings that cannot be used, to be reported and cleared. */
  readonly warnings: string[] = [];
  private readonly model: SamOfFiles;
  private readonly folder: string | undefined;
  private readonly kept: ReturnType<typeof keptEmbeddings>;
  private readonly caches = new Map<PromptData, ByteCache<Float32Array>>();

  private constructor(model: SamOfFiles, folder: string | undefined) {
    this.model = model;
    this.folder = folder;
    this.kept = keptEmbeddings(folder, model);
  }

  /** @param folder - cache folder in addition to memory; see `EmbeddingCache` */
  static async open(sam: string | undefined, folder: string | undefined, options: SamOptions): Promise<ImageEmbeddings> {
    return new ImageEmbeddings(await loadSam(sam, options), folder);
  }

  /** How many of the given number of images must be encoded more than once; with a folder none. */
  excess(images: number): number {
    const { config } = this.model.sam;
    const bytes = 4 * config.outChannels * gridOf(config) ** 2;
    return this.folder === undefined ? Math.max(0, images - Math.floor(keptBytes / bytes)) : 0;
  }

  /** The embedding [C, g, g] of an image of a part of the data. */
  async of(data: PromptData, index: number): Promise<Float32Array> {
    const cache = this.caches.get(data) ?? new ByteCache<Float32Array>(keptBytes, (values) => values.byteLength);
    this.caches.set(data, cache);
    const known = cache.get(index);
    if (known) return known;
    const { image } = await decodeImage(data.images[index]!, { mode: "paper" });
    const { values } = await (this.kept ? this.kept(image, this.warnings) : this.model.sam.setImage(image));
    cache.set(index, values.data);
    return values.data;
  }

  dispose(): Promise<void> {
    return this.model.sam.dispose();
  }
}
