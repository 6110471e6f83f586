import { bertBase, isSmall } from "../../test/support/clip-cases.ts";
import { type M2ibFile, m2ibCases } from "../../test/support/m2ib-cases.ts";
import { describeCases, describeWith } from "../../test/support/shared-data.ts";

describeWith([bertBase], "with the reference's vocabulary", () => {
  describeCases<M2ibFile>("parity/saliency", /^m2ib-(?!ensemble).*\.safetensors$/, "M2IB", (files) => {
    for (const file of files) if (isSmall(file.settings) || file.settings.model === "full") m2ibCases(file);
  });
});
