/**
 * From a text to a mask with the library: node .tmp/examples/zero-shot.mjs CLIP SAM IMAGE TEXT OUT
 *
 * CLIP and SAM are folders or files with weights; `medclip-sam models init` makes random ones to try it.
 */
import { decodeImage, dsc, loadModel, overlay, segment, writeMask, writeRgb } from "medclip-sam";

const [clip = "biomedclip", sam = "sam-vit-b", file = "scan.png", text = "A breast ultrasound showing a tumor", out = "zero-shot"] =
  process.argv.slice(2);

const model = await loadModel({ clip, sam });
const { image, warnings } = await decodeImage(file, { mode: "paper" });
const { mask, coarse, gray, boxes, scores, ...rest } = await segment(model, image, text, { name: file, keep: 1 });

await writeMask(`${out}/mask.png`, mask);
await writeRgb(`${out}/overlay.png`, overlay(image, { saliency: gray, coarse, mask, boxes }));

console.log(`score ${scores[0]?.toFixed(3) ?? "-"}, boxes ${JSON.stringify(boxes)}`);
console.log(`the mask and the coarse mask agree with a DSC of ${dsc(mask, coarse).toFixed(3)}`);
for (const warning of [...warnings, ...rest.warnings]) console.log(`warning: ${warning}`);
await model.dispose();
