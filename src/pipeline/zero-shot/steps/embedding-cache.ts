import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { MedclipSamError, OutputError } from "../../../errors.ts";
import { makeFolder, writing } from "../../../files/atomic-write.ts";
import { sha256OfFile } from "../../../hub/hash.ts";
import type { Image } from "../../../image/index.ts";
import { gridOf } from "../../../models/sam/index.ts";
import { splitAddress } from "../../../models/weights.ts";
import { once } from "../../../once.ts";
import { runtimeVersion } from "../../../runtime/node.ts";
import { type ImageEmbedding, samVariants } from "../../../segment/index.ts";
import { readSafetensors, writeSafetensors } from "../../../tensor/safetensors.ts";
import { sameShape, type Tensor } from "../../../tensor/tensor.ts";
import type { SamOfFiles } from "../../models/model.ts";
import type { EmbedImage } from "./image-embedding.ts";

/** An embedding is stored only while there is disk space for this many more, 1 GiB with published models, as results need space, too. */
const spared = 256;

/** Raised when files of an earlier version must no longer be read. */
const format = 2;

/**
 * A cache of SAM's image embeddings on disk, so that a second prompt on an image needs no run of the encoder. A file, 4 MiB for published
 * models, is named by the hash of everything its values depend on: the pixels, the weights, how they are computed. So a folder can
 * serve many runs and models at once; the cache never deletes files, but users may delete any. It never fills up a disk: when space
 * runs low, or the folder is not writable, no more embeddings are stored.
 */
export class EmbeddingCache {
  private readonly folder: string;
  private readonly model: SamOfFiles;
  private readonly origin = once(() => this.findOrigin());
  private isFull = false;

  constructor(folder: string, model: SamOfFiles) {
    this.folder = folder;
    this.model = model;
  }

  /**
   * The embedding of an image, computed and stored if the folder has none.
   *
   * @param warnings - receives a warning about a damaged file, which is replaced, or about one that cannot be written
   */
  async embed(image: Image, warnings: string[]): Promise<ImageEmbedding> {
    const file = join(this.folder, `${await this.keyOf(image)}.safetensors`);
    if (existsSync(file)) {
      try {
        return await this.read(file, image);
      } catch (error) {
        if (!(error instanceof MedclipSamError || error instanceof DamagedError)) throw error;
        warnings.push(`the cached embedding "${file}" is damaged, so the image was encoded again: ${error.message}`);
      }
    }
    const embedding = await this.model.sam.setImage(image);
    if (!this.isFull) await this.keep(file, embedding, warnings);
    return embedding;
  }

  private async keep(file: string, { values }: ImageEmbedding, warnings: string[]): Promise<void> {
    try {
      await makeFolder(this.folder);
      const { bavail, bsize } = await writing(this.folder, () => statfs(this.folder));
      if (bavail * bsize < (1 + spared) * values.data.byteLength) {
        const free = `${Math.round((bavail * bsize) / 2 ** 20)} MiB`;
        throw new OutputError(`the disk of "${this.folder}" has ${free} free, which is reserved for results`);
      }
      await writeSafetensors(file, { embedding: values }, { sha256: hashOf(values.data) });
    } catch (error) {
      if (!(error instanceof MedclipSamError)) throw error;
      // It would fail for every other image, too, and a warning for each would hide the others.
      this.isFull = true;
      warnings.push(`the embedding was not cached, and those of later images will not be: ${error.message}`);
    }
  }

  private async read(file: string, { width, height }: Image): Promise<ImageEmbedding> {
    const { config } = this.model.sam;
    const { tensors, metadata } = await readSafetensors(file);
    const values = tensors.get("embedding");
    const shape = [1, config.outChannels, gridOf(config), gridOf(config)];
    if (values?.dtype !== "float32" || !sameShape(values.shape, shape))
      throw new DamagedError(`it has no "embedding" of float32 [${shape}]`);
    if (metadata.sha256 !== hashOf(values.data)) throw new DamagedError("its values do not have the hash that was written with them");
    const { imageSize: side, variant } = config;
    const size = { width, height };
    return { values: values as Tensor<"float32">, size, resized: samVariants[variant].sizeWithin(size, side), side };
  }

  private async keyOf({ width, height, data }: Image): Promise<string> {
    return hashOf(`${await this.origin()} ${width} ${height} ${hashOf(data)}`);
  }

  /** Everything but the image on which an embedding depends. Other weight layouts and devices round differently. */
  private async findOrigin(): Promise<string> {
    const { device = "cpu", prepack = true, precision = "float32", queriesAChunk } = this.model.sam.options;
    const { variant } = this.model.sam.config;
    const { weights: address, parts } = this.model.samFiles;
    const weights = (await Promise.all(parts.map((file) => sha256OfFile(file)))).join(" ");
    return JSON.stringify({
      format,
      weights,
      under: splitAddress(address).under,
      ...(variant !== "sam" && { variant }),
      precision,
      device,
      prepack,
      queriesAChunk,
      runtime: await runtimeVersion(),
    });
  }
}

/** An encoding function that uses the cache of a folder, if one is given. */
export function keptEmbeddings(folder: string | undefined, model: SamOfFiles): EmbedImage | undefined {
  if (folder === undefined) return undefined;
  const cache = new EmbeddingCache(folder, model);
  return (image, warnings) => cache.embed(image, warnings);
}

class DamagedError extends Error {}

function hashOf(content: string | ArrayBufferView): string {
  const bytes = typeof content === "string" ? content : new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  return createHash("sha256").update(bytes).digest("hex");
}
