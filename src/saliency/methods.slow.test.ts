import { bertBase } from "../../test/support/clip-cases.ts";
import { type GradcamFile, gradcamCases } from "../../test/support/saliency-cases.ts";
import { describeCases, describeWith } from "../../test/support/shared-data.ts";

describeWith([bertBase], "with the reference's vocabulary", () => {
  describeCases<GradcamFile>("parity/saliency", /^cam-.*\.safetensors$/, "GradCAM, true size", (files) => {
    for (const file of files) if (file.settings.model === "full") gradcamCases(file);
  });
});
