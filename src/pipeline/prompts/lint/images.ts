import { addTo } from "../../../add-to.ts";
import { ConfigError } from "../../../errors.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { isDicomScan } from "../../../scans/scan-kinds.ts";
import { modalityOfDicom } from "../../../text/modality-words.ts";
import { entriesByImage } from "../../zero-shot/targets/by-image.ts";
import { withoutPrompt } from "../../zero-shot/targets/targets-of-images.ts";
import type { PromptList, PromptLists } from "./prompt-lists.ts";
import type { Problem } from "./rules.ts";

/** What images say about text prompts. */
export interface OfImages {
  readonly modalitiesOf: (list: PromptList) => readonly string[];
  /** Keys that match no image, and images without a text prompt. */
  readonly problems: readonly Problem[];
}

/** Compares text prompts with the names of images, and with the modality that the headers of DICOM files give. */
export function ofImages({ keys }: PromptLists, images: readonly ImageInput[], file: string): OfImages {
  if (!keys) return { modalitiesOf: () => modalities(images), problems: [] };
  const where = `"${file}"`;
  try {
    const { of, lonely } = entriesByImage(new Map(keys.map((key) => [key, key])), images, { file, noun: "prompt" });
    const byKey = new Map<string, ImageInput[]>();
    const without: ImageInput[] = [];
    for (const image of images) {
      const key = of(image);
      if (key === undefined) without.push(image);
      else addTo(byKey, key, image);
    }
    const messages = [
      ...(lonely === undefined ? [] : [lonely]),
      ...withoutPrompt(without, "text prompt", ' and none for "*" (all others)'),
    ];
    return {
      modalitiesOf: ({ key }) => modalities(byKey.get(key!) ?? []),
      problems: messages.map((message) => ({ where, message })),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { modalitiesOf: () => [], problems: [{ where, message: error.message }] };
  }
}

const modalities = (images: readonly ImageInput[]): string[] => [...new Set(images.flatMap((image) => modalityOf(image) ?? []))];

/** The modality of a DICOM file; undefined for other files. */
function modalityOf({ frame }: ImageInput): string | undefined {
  const scan = frame?.scan.cut?.origin ?? frame?.scan;
  if (!scan || !isDicomScan(scan)) return undefined;
  const [header] = scan.headers.values();
  return modalityOfDicom(header?.text("Modality") ?? "");
}
