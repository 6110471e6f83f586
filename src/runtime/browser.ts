import type * as Ort from "onnxruntime-web";
import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { ConfigError } from "../errors.ts";
import { OrtSession } from "./_ort-session.ts";
import type { OpenSession } from "./session.ts";

/** Where the parts of the runtime that are not JavaScript are served: a folder's URL with its slash, or the URL of each file. */
export type WasmPaths = string | { readonly mjs?: string; readonly wasm?: string };

const { crossOriginIsolated: isIsolated = false } = globalThis as { crossOriginIsolated?: boolean };

let wasmPaths: WasmPaths | undefined;
let loaded: Promise<typeof Ort> | undefined;

const Url = z.string().min(1);
const RuntimeOptions = z.strictObject({
  wasmPaths: z.union([Url, z.strictObject({ mjs: Url.optional(), wasm: Url.optional() })], "a URL, or { mjs, wasm } with a URL each"),
});

/**
 * Says where the runtime's files are served, by default beside its script. It applies to sessions opened afterwards, unless one was opened before.
 *
 * @throws ConfigError when a value is not a URL
 */
export function configureRuntime(options: { readonly wasmPaths: WasmPaths }): void {
  checkedOptions(RuntimeOptions, options, "configureRuntime");
  wasmPaths = options.wasmPaths;
}

/**
 * Loads the WebAssembly build on first use. Its threads are started then, so their number is that of the first session. They share
 * memory, which browsers allow only for cross-origin isolated pages; elsewhere there is one thread.
 */
async function load(threads: number | undefined): Promise<typeof Ort> {
  loaded ??= import("onnxruntime-web/wasm").then(
    (ort) => {
      ort.env.logLevel = "error";
      ort.env.wasm.numThreads = isIsolated ? (threads ?? 0) : 1; // 0: half of the cores, at most 4
      if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
      return ort;
    },
    (error: unknown) => {
      loaded = undefined; // the next session tries again
      throw error;
    },
  );
  return await loaded;
}

/**
 * Opens a model on onnxruntime-web.
 *
 * Memory: WebAssembly sees nothing outside its own heap (at most 4 GiB), so each session copies the weights it names into it, and
 * prepacked weights once more; the bytes they come from stay with the caller. Two sessions of a tower hold its weights twice.
 */
export const openSession: OpenSession = async ({ bytes, files }, { device = "cpu", threads, prepack = true } = {}) => {
  if (device !== "cpu") throw new ConfigError(`device "${device}" is not available in the browser; use cpu.`);
  const ort = await load(threads);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    enableMemPattern: false,
    logSeverityLevel: 3,
    externalData: [...files].map(([path, data]) => ({ path, data })),
    extra: { session: { disable_prepacking: prepack ? "0" : "1" } },
  });
  return new OrtSession(ort, session);
};
