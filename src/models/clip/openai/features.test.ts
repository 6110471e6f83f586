import { type FeatureFile, featureCases } from "../../../../test/support/clip-cases.ts";
import { describeCases } from "../../../../test/support/shared-data.ts";

describeCases<FeatureFile>("parity/clip", /^features-.*\.safetensors$/, "OpenAI CLIP, true size", (files) => {
  for (const file of files) if (file.settings.model === "openai ViT-B/16") featureCases(file);
});
