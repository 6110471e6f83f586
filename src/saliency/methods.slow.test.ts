import { randomModel } from "../../test/support/models.ts";
import { gradcamCases } from "../../test/support/saliency-cases.ts";
import { describeWith } from "../../test/support/shared-data.ts";

describeWith(["parity/saliency/cam-full.safetensors", "data/vocab/bert_base_uncased_vocab.txt"], "saliency methods, true size", () => {
  gradcamCases("full", () => randomModel("biomedclip"));
});
