import { bytePairs } from "../../test/support/clip-cases.ts";
import { type M2ibFile, m2ibCases } from "../../test/support/m2ib-cases.ts";
import { describeCases, describeWith } from "../../test/support/shared-data.ts";

describeWith([bytePairs], "with OpenAI's vocabulary", () => {
  describeCases<M2ibFile>("parity/saliency", /^m2ib-(?!ensemble).*\.safetensors$/, "M2IB, OpenAI CLIP of true size", (files) => {
    // All ten steps are in the slow tests. The second step's losses depend on the first one's gradient.
    for (const file of files) if (file.settings.model === "openai") m2ibCases(file, { most: 2 });
  });
});
