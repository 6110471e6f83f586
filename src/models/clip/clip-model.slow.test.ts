import { type FeatureFile, featureCases } from "../../../test/support/clip-cases.ts";
import { describeCases } from "../../../test/support/shared-data.ts";

describeCases<FeatureFile>("parity/clip", /^features-.*\.safetensors$/, "BiomedCLIP, true size", (files) => {
  for (const file of files) if (file.settings.model === "full") featureCases(file);
});
