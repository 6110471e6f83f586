import { z } from "zod";
import type { Tensor } from "../tensor/tensor.ts";

/** Where a graph is computed. */
export const devices = ["cpu", "cuda", "webgpu", "dml", "coreml"] as const;
export type Device = (typeof devices)[number];

/** How a session is opened. */
export interface SessionOptions {
  /** Execution provider, by default the CPU; what it cannot compute falls back to the CPU. */
  readonly device?: Device;
  /** Threads inside an operator, by default all cores. */
  readonly threads?: number;
  /**
   * Whether constant weights are copied once into the layout that the matrix kernels like best: faster when a session runs
   * often, but the copies cost as much memory as the weights. By default true; false maps the weights file and copies nothing.
   */
  readonly prepack?: boolean;
}

/** The same as a schema, to check the options of library callers. */
export const SessionOptions = z.strictObject({
  device: z.enum(devices).optional(),
  threads: z.number().int().positive().optional(),
  prepack: z.boolean().optional(),
});

/** A graph made ready to run. It holds memory outside the JavaScript heap: call `dispose` when done. */
export interface Session {
  /** Names of its inputs: those that the outputs depend on. */
  readonly inputs: readonly string[];
  /** Runs the graph once. `feeds` holds every input by name and nothing else; the result holds every output by name. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** Of some values those of a session's inputs: what is computed may not depend on all that it is computed from. */
export function feedsOf({ inputs }: Session, values: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => inputs.includes(name)));
}

/** A serialised ONNX model. */
export interface Model {
  readonly bytes: Uint8Array;
  /** In-memory contents of files that its external tensors point into, by location. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Opens a serialised ONNX model. Node and the browser each have one. */
export type OpenSession = (model: Model, options?: SessionOptions) => Promise<Session>;
