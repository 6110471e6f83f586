import { m2ibCases } from "../../test/support/m2ib-cases.ts";
import { randomModel } from "../../test/support/models.ts";
import { describeWith } from "../../test/support/shared-data.ts";

const bertBase = "data/vocab/bert_base_uncased_vocab.txt";

describeWith(["parity/saliency/m2ib-full.safetensors", bertBase], "M2IB, true size", () => {
  m2ibCases("full", () => randomModel("biomedclip"), bertBase);
});
