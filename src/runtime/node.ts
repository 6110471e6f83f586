import { availableParallelism } from "node:os";
import type * as Ort from "onnxruntime-node";
import { ConfigError, ShapeError } from "../errors.ts";
import { type DataOf, type DType, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Device, OpenSession, Session, SessionOptions } from "./session.ts";

/**
 * Loaded on first use: the native library takes time and memory that commands without a model should not pay.
 *
 * The published Linux build carries a telemetry client that keeps a database in the user's cache folder and has an address to send it
 * to. It reads this variable when it is loaded. Whoever wants it on can set the variable to 0.
 */
async function load(): Promise<typeof Ort> {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  return await import("onnxruntime-node");
}

/** Execution providers compiled into the installed ONNX Runtime, the CPU always among them. */
export async function availableDevices(): Promise<Device[]> {
  const { listSupportedBackends } = await load();
  return listSupportedBackends().map(({ name }) => name as Device);
}

/** Version of the installed ONNX Runtime. */
export async function runtimeVersion(): Promise<string> {
  const { env } = await load();
  return env.versions.node ?? env.versions.common;
}

/** Opens a model on onnxruntime-node. */
export const openSession: OpenSession = async (model, options = {}) => {
  const ort = await load();
  const { device = "cpu" } = options;
  const available = await availableDevices();
  if (!available.includes(device)) {
    throw new ConfigError(
      `device "${device}" is not part of the installed ONNX Runtime, which has ${available.join(", ")}. Use --device cpu.`,
    );
  }
  const session = await ort.InferenceSession.create(model, nativeOptions(device, options));
  return new NodeSession(ort, session);
};

function nativeOptions(
  device: Device,
  { threads = availableParallelism(), prepack = true }: SessionOptions,
): Ort.InferenceSession.SessionOptions {
  return {
    executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    // The pattern of a first run is allocated whole, beside what that run still holds: the second run of SAM ViT-B took 0.7 GB more, for no speed.
    enableMemPattern: false,
    logSeverityLevel: 3,
    // Values must be texts. Locations of stored tensors are relative to "/", since absolute ones are refused.
    extra: {
      session: {
        model_external_initializers_file_folder_path: "/",
        disable_prepacking: prepack ? "0" : "1",
      },
    },
  };
}

class NodeSession implements Session {
  private readonly ort: typeof Ort;
  private readonly session: Ort.InferenceSession;

  constructor(ort: typeof Ort, session: Ort.InferenceSession) {
    this.ort = ort;
    this.session = session;
  }

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const native: Record<string, Ort.Tensor> = {};
    for (const name of this.session.inputNames) {
      const feed = feeds[name];
      if (!feed) throw new ShapeError(`run: no value was given for input "${name}"; inputs are ${this.session.inputNames.join(", ")}`);
      native[name] = new this.ort.Tensor(feed.dtype as Ort.Tensor.Type, feed.data as Ort.Tensor.DataType, feed.shape);
    }
    const fetched = await this.session.run(native);
    return Object.fromEntries(
      Object.entries(fetched).map(([name, { type, dims, data }]) => {
        const shape = dims.slice();
        if (data.length !== sizeOf(shape)) throw new ShapeError(`run: output "${name}" [${shape}] came with ${data.length} elements`);
        return [name.replace(/^output:/, ""), { dtype: type as DType, shape, data: data as DataOf<DType> }];
      }),
    );
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }
}
