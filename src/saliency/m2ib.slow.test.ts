import { bertBase, bytePairs } from "../../test/support/clip-cases.ts";
import { type M2ibFile, m2ibCases } from "../../test/support/m2ib-cases.ts";
import { describeCases, describeWith } from "../../test/support/shared-data.ts";

describeWith([bertBase, bytePairs], "with the reference's vocabularies", () => {
  describeCases<M2ibFile>("parity/saliency", /^m2ib-(?!ensemble).*\.safetensors$/, "M2IB", (files) => {
    for (const file of files) m2ibCases(file);
  });
});
