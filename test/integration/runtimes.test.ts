import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { add, compile, stored } from "../../src/graph/index.ts";
import { compositions, operators } from "../../src/graph/operators/table.ts";
import { locateClip } from "../../src/hub/locate.ts";
import { ClipModel } from "../../src/models/clip/index.ts";
import * as browser from "../../src/runtime/browser.ts";
import type { OpenSession } from "../../src/runtime/session.ts";
import { SamPredictor } from "../../src/segment/index.ts";
import { storedTensor } from "../../src/tensor/stored-tensor.ts";
import { bertBase, clipOfCase, type FeatureFile, featureCases } from "../support/clip-cases.ts";
import { gradientError } from "../support/gradient-error.ts";
import { type M2ibFile, m2ibCases } from "../support/m2ib-cases.ts";
import { randomModel } from "../support/models.ts";
import type { SamFile } from "../support/sam-cases.ts";
import { compareCase } from "../support/sam-parity.ts";
import { describeCases, describeWith } from "../support/shared-data.ts";

// The import `#runtime` is what a browser's bundler would resolve to the other file; here a test chooses.
const chosen = vi.hoisted(() => ({ openSession: undefined as OpenSession | undefined }));
vi.mock(import("#runtime"), async (original) => ({ ...(await original()), openSession: (...given) => chosen.openSession!(...given) }));
const node = await vi.importActual<typeof import("../../src/runtime/node.ts")>("../../src/runtime/node.ts");

/** The same models, from bytes in memory, on each runtime. */
const runtimes: { runtime: string; openSession: OpenSession }[] = [
  { runtime: "onnxruntime-node", openSession: node.openSession },
  { runtime: "onnxruntime-web", openSession: browser.openSession },
];

async function inMemory(file: string): Promise<{ name: string; bytes: Uint8Array }> {
  return { name: basename(file), bytes: await readFile(file) };
}

async function clipInMemory(folder: string): Promise<ClipModel> {
  const { weights, hints } = await locateClip(folder);
  return await ClipModel.open(await inMemory(weights), hints);
}

describe.each(runtimes)("$runtime", ({ runtime, openSession }) => {
  beforeEach(() => {
    chosen.openSession = openSession;
  });

  // The same bounds as in Node: the WebAssembly build has the float64 kernels too.
  const differentiable = [
    ...Object.values(operators).filter((operator) => operator.gradient),
    ...Object.entries(compositions).map(([name, samples]) => ({ name, samples })),
  ];
  // In Node, the tests of the graph cover this.
  test.each(runtime === "onnxruntime-node" ? [] : differentiable)(
    "the gradient of $name agrees with finite differences",
    async ({ samples }) => {
      for (const sample of samples!)
        expect(await gradientError(sample)).toBeLessThan((sample.dtype ?? "float64") === "float64" ? 1e-8 : 1e-3);
    },
  );

  describeCases<FeatureFile>("parity/clip", /^features-.*\.safetensors$/, "BiomedCLIP", (files) => {
    const [file] = files.filter(({ settings }) => settings.model === "tiny");
    if (file) featureCases(file, async () => clipInMemory(await clipOfCase(file.settings)));
  });

  // In Node, the tests of the method cover this.
  if (runtime !== "onnxruntime-node") {
    describeWith([bertBase], "with the reference's vocabulary", () => {
      describeCases<M2ibFile>("parity/saliency", /^m2ib-(?!ensemble).*\.safetensors$/, "M2IB", (files) => {
        const [file] = files.filter(({ settings }) => settings.model === "mini");
        const first = file?.settings.cases[0]?.key;
        if (file && runtime !== "onnxruntime-node")
          m2ibCases(file, { model: async () => clipInMemory(await clipOfCase(file.settings)), only: (key) => key === first });
      });
    });
  }

  // In Node, the tests of the predictor cover this.
  if (runtime !== "onnxruntime-node") {
    describeCases<SamFile>("parity/sam", /^tiny-.*\.safetensors$/, "SAM", ([file]) => {
      test("embedding, logits and masks equal the reference", async ({ skip }) => {
        const folder = await randomModel("sam-tiny", undefined, file!.settings.seed);
        const predictor = await SamPredictor.open(await inMemory(join(folder, "model.safetensors")));
        const reason = await compareCase(predictor, file!.file, ["box"]);
        await predictor.dispose();
        skip(reason !== undefined, reason);
      });
    });
  }

  test("weights of two files with the same name are kept apart", async () => {
    const value = (number: number) => {
      const content = new Uint8Array(Float32Array.of(number).buffer);
      return stored({ ...storedTensor("weights.bin", 0, "float32", [1]), content });
    };
    const session = await compile({ one: value(1), same: add(value(2), 0) }).catch((error: Error) => error.message);
    expect(session).toContain('two different files are called "weights.bin"');
  });
});
