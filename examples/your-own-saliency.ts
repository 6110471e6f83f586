/**
 * A saliency method of your own: node .tmp/examples/your-own-saliency.mjs CLIP SAM IMAGE TEXT OUT
 *
 * Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901): cover one patch after another with gray. The more this lowers the cosine
 * similarity of image and text, the more the patch speaks for the text.
 */
import { decodeImage, type Image, loadModel, type OwnSaliencyMethod, overlay, segment, writeRgb } from "medclip-sam";

const occlusion: OwnSaliencyMethod = async (view, text, clip) => {
  const { imageSize, patch } = clip.config.vision;
  const grid = imageSize / patch;
  const whole = cosine(await clip.imageFeatures(view), text);
  const values = new Float32Array(grid * grid); // row by row
  for (let i = 0; i < values.length; i++) {
    const covered = cover(view, (i % grid) * patch, Math.floor(i / grid) * patch, patch);
    values[i] = whole - cosine(await clip.imageFeatures(covered), text);
  }
  return values;
};

function cover({ width, height, data }: Image, x: number, y: number, side: number): Image {
  const copy = new Uint8Array(data); // [H, W, 3]
  for (let row = y; row < y + side; row++) copy.fill(128, 3 * (row * width + x), 3 * (row * width + x + side));
  return { width, height, data: copy };
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const [clip = "biomedclip", sam = "sam-vit-b", file = "scan.png", text = "A breast ultrasound showing a tumor", out = "own-saliency"] =
  process.argv.slice(2);

const model = await loadModel({ clip, sam });
const { image } = await decodeImage(file);
const { mask, coarse, gray, boxes, warnings } = await segment(model, image, text, { saliencyMethod: occlusion });
await writeRgb(`${out}/overlay.png`, overlay(image, { saliency: gray, coarse, mask, boxes }));
console.log(`overlay in ${out}/overlay.png`);
for (const warning of warnings) console.log(`warning: ${warning}`);
await model.dispose();
