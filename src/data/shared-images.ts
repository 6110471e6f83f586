import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { addTo } from "../add-to.ts";
import { read } from "../files/tar.ts";
import { turns } from "./_turns.ts";
import { type ImagePlace, imageName } from "./pairs.ts";

/** An image that is in both parts of a split, under one name or two. */
export interface SharedImage {
  readonly trained: string;
  readonly heldOut: string;
}

/** At most so many files are open at a time, whichever images they are compared with. */
const inTurn = turns(16);

/** Bytes at the end of a file that tell most files of one size apart. */
const tail = 4096;

/** Images of both parts that are alike as far as they were looked at. */
interface Alike {
  readonly trained: readonly ImagePlace[];
  readonly heldOut: readonly ImagePlace[];
}

/**
 * Validation images whose file content also occurs in the training set, under any name. Only files of the same size and the same end are read whole.
 * Unreadable files match no other file.
 */
export async function sharedImages(train: readonly ImagePlace[], heldOut: readonly ImagePlace[]): Promise<SharedImage[]> {
  let groups: Alike[] = [{ trained: distinct(train), heldOut: distinct(heldOut) }];
  for (const property of [sizeOf, endOf, digestOf]) {
    const finer = await Promise.all(groups.map((group) => told(group, property)));
    groups = finer.flat();
  }
  return groups.flatMap(({ trained, heldOut }) => heldOut.map((image) => ({ trained: imageName(trained[0]!), heldOut: imageName(image) })));
}

/** Takes apart what differs in a property; what is then in one part alone is left out. */
async function told({ trained, heldOut }: Alike, property: (image: ImagePlace) => Promise<string>): Promise<Alike[]> {
  const [left, right] = [new Map<string, ImagePlace[]>(), new Map<string, ImagePlace[]>()];
  for (const [map, images] of [
    [left, trained],
    [right, heldOut],
  ] as const) {
    const values = await Promise.all(images.map((image) => inTurn(() => property(image)).catch(() => undefined)));
    for (const [i, value] of values.entries()) if (value !== undefined) addTo(map, value, images[i]!);
  }
  return [...right].flatMap(([value, images]) => {
    const same = left.get(value);
    return same ? [{ trained: same, heldOut: images }] : [];
  });
}

const distinct = (images: readonly ImagePlace[]): ImagePlace[] => [...new Map(images.map((image) => [imageName(image), image])).values()];

async function lengthOf(image: ImagePlace): Promise<number> {
  return "file" in image ? (await stat(image.file)).size : image.length;
}

async function sizeOf(image: ImagePlace): Promise<string> {
  return String(await lengthOf(image));
}

async function endOf(image: ImagePlace): Promise<string> {
  const length = await lengthOf(image);
  return await digestFrom(image, Math.max(0, length - tail), length);
}

async function digestOf(image: ImagePlace): Promise<string> {
  return await digestFrom(image, 0, await lengthOf(image));
}

async function digestFrom(image: ImagePlace, from: number, to: number): Promise<string> {
  const [path, start] = "file" in image ? [image.file, 0] : [image.archive, image.offset];
  const handle = await open(path);
  try {
    return createHash("sha256")
      .update(await read(handle, start + from, to - from))
      .digest("base64");
  } finally {
    await handle.close();
  }
}
