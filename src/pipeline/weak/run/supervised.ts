import { join } from "node:path";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { type DatasetJson, datasetName } from "../../../nnunet/index.ts";
import type { FlatImage } from "../pseudo-label/names.ts";
import { type TrueMasks, type Unread, writeCaseImages, writeLabelMaps } from "./images.ts";

/** A data set of the same images with their true masks. @returns its folder, and how many images it has */
export async function writeSupervised(
  images: readonly FlatImage[],
  masks: TrueMasks,
  {
    folder,
    name,
    isGray,
    ...options
  }: { folder: string; name: string; isGray: boolean; mode: "paper" | "reference"; signal?: AbortSignal | undefined },
): Promise<{ readonly dataset: string; readonly count: number; readonly unread: readonly Unread[] }> {
  const dataset = join(folder, datasetName(2, name));
  const { written: used, unread: masksUnread } = await writeLabelMaps(images, masks, join(dataset, "labelsTr"), options.signal);
  const { unread } = await writeCaseImages(used, join(dataset, "imagesTr"), { isGray, ...options });
  const json: DatasetJson = {
    channel_names: isGray ? { "0": "gray" } : { "0": "R", "1": "G", "2": "B" },
    labels: { background: 0, [name]: 1 },
    numTraining: used.length - unread.length,
    file_ending: ".png",
  };
  await writeAtomic(join(dataset, "dataset.json"), `${JSON.stringify(json, null, 2)}\n`);
  return { dataset, count: json.numTraining, unread: [...masksUnread, ...unread] };
}
