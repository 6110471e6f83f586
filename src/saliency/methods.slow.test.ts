import { bertBase } from "../../test/support/clip-cases.ts";
import { type CamFile, gradcamCases, gscorecamCases } from "../../test/support/saliency-cases.ts";
import { describeCases, describeWith } from "../../test/support/shared-data.ts";

describeWith([bertBase], "with the reference's vocabulary", () => {
  describeCases<CamFile>("parity/saliency", /^cam-.*\.safetensors$/, "GradCAM and gScoreCAM, true size", (files) => {
    for (const file of files.filter(({ settings }) => settings.model === "full")) {
      gradcamCases(file);
      gscorecamCases(file, ["gscorecam"]);
    }
  });
});
