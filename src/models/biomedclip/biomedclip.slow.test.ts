import { featureCases } from "../../../test/support/clip-cases.ts";
import { randomModel } from "../../../test/support/models.ts";
import { describeWith } from "../../../test/support/shared-data.ts";

describeWith(["parity/clip/features-full.safetensors"], "BiomedCLIP, true size", () => {
  featureCases("full", () => randomModel("biomedclip"));
});
