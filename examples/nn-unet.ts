/**
 * Segments an image with a trained nnU-Net, and shows where its checkpoints disagree: node .tmp/examples/nn-unet.mjs MODEL IMAGE OUT
 *
 * MODEL is the output folder of `medclip-sam weak train`, which keeps checkpoints with the presets quick and paper.
 */
import { loadNnUnet, predictEnsemble, writeGray } from "medclip-sam";

const [folder = "run", image = "scan.png", out = "nn-unet"] = process.argv.slice(2);

const model = await loadNnUnet(folder, { members: "checkpoints" });
const { labels, entropy, pairwiseDice, warnings } = await predictEnsemble(model, image);
await model.dispose();

const levels = Uint8Array.from(entropy.data, (bits) => Math.round((255 * bits) / entropy.maxBits));
await writeGray(`${out}/labels.png`, labels);
await writeGray(`${out}/entropy.png`, { width: entropy.width, height: entropy.height, data: levels });

console.log(`${labels.data.filter((label) => label > 0).length} px of ${Object.keys(model.labels).join(", ")}`);
console.log(`the ${model.members.length} members agree with a mean DSC of ${pairwiseDice?.toFixed(3) ?? "-"}`);
for (const warning of warnings) console.log(`warning: ${warning}`);
