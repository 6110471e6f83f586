import { described } from "../check/described.ts";
import { ConfigError, type MedclipSamError } from "../errors.ts";
import { oncePerKey } from "../once.ts";
import { type Device, devices } from "../runtime/session.ts";
import { normal } from "../tensor/random.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
import { compile } from "./compile.ts";
import { matmul } from "./operators/algebra.ts";
import { conv } from "./operators/convolution.ts";
import { gelu } from "./operators/elementwise.ts";
import { layerNorm, softmax } from "./operators/normalisation.ts";
import { input, type Value } from "./value.ts";

/** Where to compute, given where the user wants to. */
export interface UsableDevice {
  readonly device: Device;
  /** A sentence for the user if it is not the requested device; otherwise empty. */
  readonly warnings: readonly string[];
}

/**
 * Largest error of an output relative to its largest value. Computing in float32 differs by 1e-6, in float16 by 1e-3; what rounds factors
 * to 10 bits by design, as the tensor cores of NVIDIA do and others may, differs by 1e-3, too.
 */
const tolerances: Readonly<Record<Device, number>> = { cpu: 1e-4, webgpu: 1e-4, cuda: 1e-2, dml: 1e-2, coreml: 1e-2 };

/** What models are made of, in sizes that are not multiples of a tile. All are inputs, so that nothing is computed beforehand. */
const shapes: Readonly<Record<string, Shape>> = {
  tokens: [2, 37, 67],
  weight: [67, 45],
  scale: [67],
  shift: [67],
  picture: [1, 5, 19, 23],
  kernel: [7, 5, 3, 3],
};

const onceADevice = oncePerKey<UsableDevice>(devices.length);

/**
 * The requested device if it works, otherwise the CPU, with a warning. Drivers and libraries may be missing, and some give wrong results without
 * an error, so a few operators are computed on the device and on the CPU and compared, once per process.
 *
 * @throws ConfigError for a device that is not part of the installed runtime
 */
export async function usableDevice(asked: Device = "cpu"): Promise<UsableDevice> {
  if (!devices.includes(asked)) throw new ConfigError(`usableDevice: a device is one of ${devices.join(", ")}, got ${described(asked)}.`);
  if (asked === "cpu") return { device: asked, warnings: [] };
  return await onceADevice(asked, () => tested(asked));
}

async function tested(device: Device): Promise<UsableDevice> {
  const problem = await problemOf(device);
  if (problem === undefined) return { device, warnings: [] };
  return { device: "cpu", warnings: [`${titles[device]} cannot be used, so everything is computed on the CPU: ${problem}`] };
}

/** What a device is called, and what it needs where its libraries cannot be loaded. */
const titles: Readonly<Record<Device, string>> = { cpu: "The CPU", cuda: "CUDA", webgpu: "WebGPU", dml: "DirectML", coreml: "Core ML" };
const cudaNeeds =
  "it needs an NVIDIA driver, CUDA 12 with cuDNN 9, and the CUDA libraries of ONNX Runtime, which " +
  "`node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12` downloads";

/** What is wrong with a device; nothing where it gives the numbers of the CPU. */
async function problemOf(device: Device): Promise<string | undefined> {
  const expected = await outputsOn("cpu");
  let found: Readonly<Record<string, Tensor>>;
  try {
    found = await outputsOn(device);
  } catch (error) {
    if ((error as MedclipSamError).code === "config") throw error;
    // The runtime's errors begin with the place in its source and the condition that did not hold.
    const reason = (error as Error).message.replace(/^.* was false\. /s, "").trim();
    return device === "cuda" ? `${reason}; ${cudaNeeds}` : reason;
  }
  for (const [operator, { data }] of Object.entries(expected)) {
    const error = relativeError(found[operator]!.data as Float32Array, data as Float32Array);
    if (!(error < tolerances[device])) return `its ${operator} is wrong by ${error.toExponential(0)} of the largest value`;
  }
  return undefined;
}

async function outputsOn(device: Device): Promise<Record<string, Tensor>> {
  const value = (name: string): Value => input(name, "float32", shapes[name]!);
  const tokens = value("tokens");
  const session = await compile(
    {
      "matrix product": matmul(tokens, value("weight")),
      softmax: softmax(tokens),
      "layer normalisation": layerNorm(tokens, value("scale"), value("shift"), 1e-6),
      GELU: gelu(tokens),
      convolution: conv(value("picture"), value("kernel"), { padding: 1 }),
    },
    { device },
  );
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, tensor("float32", shape, normal(`device/${name}`, 1, sizeOf(shape)))]),
  );
  return await thenDispose(() => session.run(feeds), session);
}

/** Not a number where either has one. */
function relativeError(found: Float32Array, expected: Float32Array): number {
  let [error, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error = Math.max(error, Math.abs(found[i]! - expected[i]!)); // NaN stays
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return error / largest;
}
