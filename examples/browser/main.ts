/** Segments a picture in the page: files in, mask and saliency out. `npm run page` serves it. */
import {
  type GrayImage,
  type Image,
  loadModel,
  overlay,
  rgbImage,
  type Segmentation,
  segment,
  type ZeroShotModel,
} from "medclip-sam/browser";

const form = document.querySelector("form")!;
const status = document.querySelector("[role=status]")!;

let model: ZeroShotModel | undefined;
form.addEventListener("change", ({ target }) => {
  if (!["clip", "sam"].includes((target as HTMLInputElement).name)) return;
  void model?.dispose();
  model = undefined;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button")!;
  button.disabled = true;
  try {
    say("opening the models");
    model ??= await openModels();
    const file = filesOf("image")[0]!;
    const image = await pixelsOf(file);
    say("segmenting");
    const start = performance.now();
    const result = await segment(model, image, new FormData(form).get("prompt") as string, { name: file.name });
    show(image, result);
    say(`${((performance.now() - start) / 1000).toFixed(1)} s`, ...result.warnings);
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

/** The files of a CLIP folder, by their published names. */
async function openModels(): Promise<ZeroShotModel> {
  const find = (pattern: RegExp): File | undefined => filesOf("clip").find(({ name }) => pattern.test(name));
  const weights = find(/\.(safetensors|bin|pth?)$/);
  const config = find(/^(open_clip_)?config\.json$/);
  const vocabulary = find(/^tokenizer\.json$/) ?? find(/^vocab.*\.txt$/);
  const tokenizerConfig = find(/^tokenizer_config\.json$/);
  if (!weights || !config || !vocabulary)
    throw new Error("CLIP needs three files: the weights, open_clip_config.json or config.json, and tokenizer.json or vocab.txt");
  return await loadModel({ clip: { weights, config, vocabulary, ...(tokenizerConfig && { tokenizerConfig }) }, sam: filesOf("sam")[0]! });
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
