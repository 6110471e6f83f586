/** Segments a picture in the page: files in, mask and saliency out. `npm run page` serves it. */
import {
  type GrayImage,
  type Image,
  loadModel,
  overlay,
  rgbImage,
  type Segmentation,
  type SegmentOptions,
  segment,
  type ZeroShotModel,
} from "medclip-sam/browser";

const form = document.querySelector("form")!;
const status = document.querySelector("[role=status]")!;

/** Models, and the settings that suit them. */
interface Opened {
  readonly model: ZeroShotModel;
  readonly settings: SegmentOptions;
}

let opened: Opened | undefined;
form.addEventListener("change", ({ target }) => {
  if (!["clip", "sam"].includes((target as HTMLInputElement).name)) return;
  void opened?.model.dispose();
  opened = undefined;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button")!;
  button.disabled = true;
  try {
    say("opening the models");
    opened ??= filesOf("clip").length + filesOf("sam").length === 0 ? await openPack("packs/starter/") : await openModels();
    const { model, settings } = opened;
    const file = filesOf("image")[0]!;
    const image = await pixelsOf(file);
    say("segmenting");
    const start = performance.now();
    const result = await segment(model, image, new FormData(form).get("prompt") as string, { ...settings, name: file.name });
    show(image, result);
    say(`${((performance.now() - start) / 1000).toFixed(1)} s`, ...new Set([...model.warnings, ...result.warnings]));
    // For programs that control this page, such as tests.
    document.dispatchEvent(new CustomEvent<Segmentation>("segmented", { detail: result }));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  } finally {
    button.disabled = false;
  }
});

const say = (...sentences: string[]): void => {
  status.textContent = sentences.join("; ");
};

const filesOf = (name: string): File[] => [...form.querySelector<HTMLInputElement>(`input[name=${name}]`)!.files!];

/** A pack that the page serves: `pack.json` names its models and holds their settings. */
async function openPack(folder: string): Promise<Opened> {
  const found = async (path: string): Promise<Response> => {
    const response = await fetch(folder + path);
    if (!response.ok) throw new Error(`the page does not serve ${folder}${path}: choose the files of your models`);
    return response;
  };
  const { clip, sam, defaults } = await (await found("pack.json")).json();
  const [weights, config, vocabulary, samWeights] = await Promise.all(
    [`${clip}/open_clip_model.safetensors`, `${clip}/open_clip_config.json`, `${clip}/vocab.txt`, `${sam}/model.safetensors`].map(found),
  );
  return {
    model: await loadModel({ clip: { weights: weights!, config: config!, vocabulary: vocabulary! }, sam: samWeights! }),
    settings: defaults,
  };
}

/** The files of a CLIP folder, by their published names; a `pack.json` among them gives the settings. */
async function openModels(): Promise<Opened> {
  const find = (pattern: RegExp): File | undefined => filesOf("clip").find(({ name }) => pattern.test(name));
  const weights = find(/\.(safetensors|bin|pth?)$/);
  const config = find(/^(open_clip_)?config\.json$/);
  const vocabulary = find(/^tokenizer\.json$/) ?? find(/^vocab.*\.txt$/);
  const tokenizerConfig = find(/^tokenizer_config\.json$/);
  const pack = find(/^pack\.json$/);
  const sam = filesOf("sam")[0];
  if (!weights || !config || !vocabulary)
    throw new Error("CLIP needs three files: the weights, open_clip_config.json or config.json, and tokenizer.json or vocab.txt");
  if (!sam) throw new Error("SAM needs its weights");
  return {
    model: await loadModel({ clip: { weights, config, vocabulary, ...(tokenizerConfig && { tokenizerConfig }) }, sam }),
    settings: pack ? JSON.parse(await pack.text()).defaults : {},
  };
}

/** An image as RGB. Browsers decode to 8 bits, and lose the colour of transparent pixels. */
async function pixelsOf(file: File): Promise<Image> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "none", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(bitmap, 0, 0);
  return rgbImage(context.getImageData(0, 0, width, height));
}

function show(image: Image, { mask, coarse, gray, boxes }: Segmentation): void {
  paint("mask", overlay(image, { mask, coarse, boxes }));
  paint("saliency", gray);
}

/** Draws RGB or gray pixels. */
function paint(id: string, { width, height, data }: Image | GrayImage): void {
  const canvas = document.querySelector<HTMLCanvasElement>(`canvas#${id}`)!;
  Object.assign(canvas, { width, height });
  const channels = data.length / (width * height);
  const picture = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) picture.data[4 * i + c] = data[channels * i + (c % channels)]!;
    picture.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
}
