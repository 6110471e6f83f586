import { availableParallelism } from "node:os";
import type * as Ort from "onnxruntime-node";
import { ConfigError } from "../errors.ts";
import { OrtSession } from "./_ort-session.ts";
import { type Device, devices, type OpenSession, type SessionOptions } from "./session.ts";

/**
 * Loaded on first use: the native library takes time and memory that commands without a model do not need.
 *
 * The published Linux build carries a telemetry client that keeps a database in the user's cache folder and has an address to send it
 * to. It reads this variable when it is loaded. To enable it, set the variable to 0.
 *
 * Errors are thrown, so the runtime does not need to print them as well.
 */
async function load(): Promise<typeof Ort> {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  const ort = await import("onnxruntime-node");
  ort.env.logLevel = "fatal";
  return ort;
}

/** The devices that the installed ONNX Runtime is built for, the CPU always among them; whether they work is another question. */
export async function availableDevices(): Promise<Device[]> {
  const { listSupportedBackends } = await load();
  const names = new Set(listSupportedBackends().map(({ name }) => name));
  return devices.filter((device) => names.has(device));
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
  // Buffers given beside a model are copied by the runtime; files are mapped.
  const files = [...model.files].map(([path, data]) => ({ path, data }));
  const session = await ort.InferenceSession.create(model.bytes, {
    ...nativeOptions(device, options),
    ...(files.length > 0 && { externalData: files }),
  });
  return new OrtSession(ort, session);
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
        // Threads that spin after a run take a core from the next session: a map by a method of one pass took 1.25 forward passes, and takes 1.03.
        force_spinning_stop: "1",
        disable_prepacking: prepack ? "0" : "1",
      },
    },
  };
}
