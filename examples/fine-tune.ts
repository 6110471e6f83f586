/**
 * Fine-tunes CLIP on a handful of pairs and segments with the result: node .tmp/examples/fine-tune.mjs CLIP SAM PAIRS.csv IMAGE TEXT OUT
 *
 * PAIRS.csv has the columns `filename` and `Caption`. Started again, it continues where it stopped.
 */
import { fineTune, loadModel, segment, writeMask } from "medclip-sam";

const [clip = "biomedclip", sam = "sam-vit-b", pairs = "captions.csv", image = "scan.png", text = "A breast ultrasound showing a tumor"] =
  process.argv.slice(2);
const out = process.argv[7] ?? "fine-tune";

for await (const event of fineTune({ pairs: [pairs], clip, out, epochs: 2, batch: 4, validation: 0.25, lr: 1e-5 })) {
  if (event.type === "step") console.log(`step ${event.step}  loss ${event.loss.toFixed(4)}`);
  if (event.type === "epoch") console.log(`epoch ${event.epoch}: ${event.summary}`);
  if (event.type === "warning") console.log(`warning: ${event.message}`);
}

const model = await loadModel({ clip: `${out}/model`, sam });
const { mask, scores } = await segment(model, image, text);
await writeMask(`${out}/mask.png`, mask);
console.log(`mask in ${out}/mask.png, score ${scores[0]?.toFixed(3) ?? "-"}`);
await model.dispose();
