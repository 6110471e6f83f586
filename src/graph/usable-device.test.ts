import { beforeEach, expect, test, vi } from "vitest";
import type { Device, OpenSession } from "../runtime/session.ts";

/** A runtime whose WebGPU and CUDA are the CPU, after a test has done something to it. */
const webgpu = vi.hoisted(() => ({ open: undefined as OpenSession | undefined, opened: 0 }));
vi.mock(import("#runtime"), async (original) => {
  const { openSession, ...rest } = await original();
  const open: OpenSession = async (model, options) => {
    if (options?.device !== "webgpu" && options?.device !== "cuda") return await openSession(model, options);
    webgpu.opened++;
    return await (webgpu.open ?? openSession)(model, { device: "cpu" });
  };
  return { ...rest, openSession: open };
});
const { openSession } = await vi.importActual<typeof import("../runtime/node.ts")>("../runtime/node.ts");

beforeEach(() => {
  vi.resetModules(); // it tests once a process
  Object.assign(webgpu, { open: undefined, opened: 0 });
});
const usable = async (asked?: Device) => await (await import("./usable-device.ts")).usableDevice(asked);

/** Opens sessions that change what they computed. */
const changed =
  (change: (values: Float32Array, output: string) => void): OpenSession =>
  async (model, options) => {
    const session = await openSession(model, options);
    return {
      inputs: session.inputs,
      dispose: () => session.dispose(),
      run: async (feeds) => {
        const outputs = await session.run(feeds);
        for (const [output, { data }] of Object.entries(outputs)) change(data as Float32Array, output);
        return outputs;
      },
    };
  };

test("a WebGPU that gives the CPU's numbers is used, and tested once", async () => {
  webgpu.open = changed((values) => values.set(values.map((value) => value * (1 + 1e-6))));
  expect(await Promise.all([usable("webgpu"), usable("webgpu")])).toEqual(Array(2).fill({ device: "webgpu", warnings: [] }));
  expect(webgpu.opened).toBe(1);
});

test.each([
  ["a thousandth off, as float16 would be", (values: Float32Array) => values.set([values[7]! + 1e-3 * Math.max(...values)], 7)],
  ["not a number", (values: Float32Array) => values.set([Number.NaN], 7)],
  ["zero", (values: Float32Array) => values.fill(0)],
])("numbers that are %s fall back to the CPU; the warning names the operator", async (_, change) => {
  webgpu.open = changed((values, output) => output === "GELU" && change(values));
  expect(await usable("webgpu")).toEqual({
    device: "cpu",
    warnings: [expect.stringMatching(/^WebGPU cannot be used, so everything is computed on the CPU: its GELU is wrong by /)],
  });
});

test("an error of the runtime falls back to the CPU; the warning says which, without the place in the source", async () => {
  webgpu.open = async () => {
    throw new Error("/src/webgpu_context.cc:136 Initialize() status == Success was false. Failed to get a WebGPU adapter: none\n");
  };
  expect(await usable("webgpu")).toEqual({
    device: "cpu",
    warnings: ["WebGPU cannot be used, so everything is computed on the CPU: Failed to get a WebGPU adapter: none"],
  });
});

test("a CUDA whose libraries cannot be loaded falls back to the CPU; the warning says what it needs", async () => {
  webgpu.open = async () => {
    throw new Error("OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library");
  };
  expect(await usable("cuda")).toEqual({
    device: "cpu",
    warnings: [
      expect.stringMatching(
        /^CUDA cannot be used, so everything is computed on the CPU: .*Failed to load.*it needs an NVIDIA driver, CUDA 12/,
      ),
    ],
  });
});

test("factors that are rounded to 10 bits are CUDA's design and no fault of WebGPU's", async () => {
  webgpu.open = changed((values) => {
    const largest = Math.max(...values);
    values.set(values.map((value, i) => value + (i % 2 ? 5e-4 : -5e-4) * largest));
  });
  expect((await usable("cuda")).device).toBe("cuda");
  expect((await usable("webgpu")).device).toBe("cpu");
});

test("a device that the runtime is not built for is refused, as no driver would help", async () => {
  await expect(usable("coreml")).rejects.toThrow('device "coreml" is not part of the installed ONNX Runtime');
});

test("the CPU is the default, and needs no test", async () => {
  expect(await usable()).toEqual({ device: "cpu", warnings: [] });
  expect(webgpu.opened).toBe(0);
});
