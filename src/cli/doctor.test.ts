import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { collect } from "../../test/support/tiny-run.ts";
import { ClipModel, clipPresets, clipTensors } from "../models/clip/index.ts";
import { samPresets, samTensors } from "../models/sam/index.ts";
import { dryRun } from "../pipeline/zero-shot/images/dry-run.ts";
import type { Device } from "../runtime/session.ts";
import { M2ib, M2ibConfig } from "../saliency/index.ts";
import { SamPredictor } from "../segment/index.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { examine, gflopOf } from "./doctor.ts";

// A machine of a known speed, so that two estimates can be compared.
vi.mock(import("../run/gemm-speed.ts"), () => ({ gemmSpeed: async () => 350e9 }));

// CUDA without its libraries, and a WebGPU whose driver crashes.
vi.mock(import("../jobs/index.ts"), () => ({
  startJob: (_name: string, { device }: Readonly<Record<string, unknown>>) => ({
    events: (async function* () {
      const lines = [`CUDA cannot be used, so everything is computed on the CPU: no libraries`];
      if (device === "cuda") yield { type: "end" as const, done: 0, skipped: 0, failed: 1, ms: 1, lines };
    })(),
    cancel: () => {},
    done: Promise.resolve(
      device === "cuda"
        ? { type: "finished" as const }
        : { type: "died" as const, signal: "SIGSEGV" as const, exitCode: null, printed: "" },
    ),
  }),
}));
vi.mock(import("../runtime/node.ts"), async (original) => ({
  ...(await original()),
  availableDevices: async () => ["cpu", "cuda", "webgpu"] as Device[],
}));

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the bundled models are checked", async () => {
  expect((await examine()).lines).toContainEqual(expect.stringMatching(/^OK +pack +starter \(research use only\)/));
});

test("devices that do not work are reported with the reason, and a crashing driver does not end the command", async () => {
  expect((await examine()).lines).toContainEqual(
    expect.stringMatching(/^OK +devices +cpu; CUDA cannot be used: no libraries; webgpu cannot be used: the process that tried it ended/),
  );
});

/** A weights file of full size that takes no disk space: its header, and a hole where the values would be. */
function hollowWeights(name: string, tensors: ReadonlyMap<string, Shape>): string {
  let end = 0;
  const header = Buffer.from(
    JSON.stringify(
      Object.fromEntries(
        [...tensors].map(([tensor, shape]) => {
          const begin = end;
          end += 4 * sizeOf(shape);
          return [tensor, { dtype: "F32", shape, data_offsets: [begin, end] }];
        }),
      ),
    ),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = join(folder, `${name}.safetensors`);
  writeFileSync(file, Buffer.concat([length, header]));
  truncateSync(file, 8 + header.length + end);
  return file;
}

/** Within one percent: the numbers only feed an estimate. */
function expectGflop(model: keyof typeof gflopOf, flops: number) {
  expect(Math.abs(flops / 1e9 / gflopOf[model] - 1), `${model}: ${flops / 1e9} GFLOP`).toBeLessThan(0.01);
}

test("the operations per image are those of the graphs of BiomedCLIP", async () => {
  const config = clipPresets.biomedclip!;
  const clip = await ClipModel.open(hollowWeights("biomedclip", clipTensors(config)), { visionHeads: config.vision.heads });
  const { image, text } = new M2ib(clip, M2ibConfig.parse({})).flops();
  expectGflop("BiomedCLIP with M2IB", image + text);
});

test.each([
  ["sam-vit-b", "SAM ViT-B"],
  ["sam-vit-l", "SAM ViT-L"],
  ["sam-vit-h", "SAM ViT-H"],
] as const)("the operations per image are those of the graph of %s", async (preset, model) => {
  expectGflop(model, (await SamPredictor.open(hollowWeights(preset, samTensors(samPresets[preset]!)))).flops());
});

test("doctor and a dry run estimate the same time for a model", async () => {
  const sam = await SamPredictor.open(hollowWeights("sam", samTensors(samPresets["sam-vit-b"]!)));
  const end = (await collect(dryRun("refine", [], { sam }, {}))).at(-1);
  expect(end).toMatchObject({ lines: expect.arrayContaining([expect.stringContaining("about 3.5 s an image")]) });
  expect((await examine()).lines).toContainEqual(expect.stringContaining("SAM ViT-B 3.5 s"));
});
