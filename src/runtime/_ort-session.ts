import type * as Ort from "onnxruntime-node";
import { classOf } from "../check/described.ts";
import { checkedObject } from "../check/options.ts";
import { checkTensor } from "../check/tensors.ts";
import { InputError, ShapeError } from "../errors.ts";
import { type DataOf, type DType, type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Session } from "./session.ts";

/** A session of ONNX Runtime, whose packages for Node and for the browser have the same interface. */
export class OrtSession implements Session {
  private readonly ort: Pick<typeof Ort, "Tensor">;
  private readonly session: Ort.InferenceSession;
  private isDisposed = false;

  constructor(ort: Pick<typeof Ort, "Tensor">, session: Ort.InferenceSession) {
    this.ort = ort;
    this.session = session;
  }

  get inputs(): readonly string[] {
    return this.session.inputNames;
  }

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const native: Record<string, Ort.Tensor> = {};
    if (this.isDisposed) throw new InputError("run: the session was disposed of. Compile the graph again, or dispose of it later.");
    checkedObject(feeds, "run", "the values of the inputs");
    for (const input of this.session.inputMetadata) {
      const { name } = input;
      const feed = feeds[name];
      if (!feed) throw new ShapeError(`run: no value was given for input "${name}"; inputs are ${this.inputs.join(", ")}`);
      if (input.isTensor) checkTensor(feed, "run", `input "${name}"`, input.shape as Shape, input.type as DType);
      const tensor = new this.ort.Tensor(feed.dtype as Ort.Tensor.Type, feed.data as Ort.Tensor.DataType, feed.shape);
      // On Node 24 the runtime's tensors hold a Float16Array, which its native part cannot read.
      native[name] = feed.dtype === "float16" ? Object.defineProperty(tensor, "data", { value: feed.data }) : tensor;
    }
    const strangers = Object.keys(feeds).filter((name) => !(name in native));
    if (strangers.length > 0) {
      const names = strangers.map((name) => `"${name}"`).join(", ");
      throw new ShapeError(
        `run: the graph has no input ${names}, or its outputs do not depend on it; inputs are ${this.inputs.join(", ")}`,
      );
    }
    const fetched = await this.session.run(native).catch((cause: Error) => {
      // Other failures, such as a lack of memory, are no fault of the inputs.
      if (!/out of (?:data )?bounds|out of range/i.test(cause.message)) throw cause;
      throw new InputError(`run: an index in the inputs does not exist: ${cause.message}`, { cause });
    });
    return Object.fromEntries(
      Object.entries(fetched).map(([name, { type, dims, data }]) => {
        const shape = dims.slice();
        if (data.length !== sizeOf(shape)) throw new ShapeError(`run: output "${name}" [${shape}] came with ${data.length} elements`);
        return [name.replace(/^output:/, ""), { dtype: type as DType, shape, data: bitsOf(data as DataOf<DType>) }];
      }),
    );
  }

  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    await this.session.release();
  }
}

/** Half precision as its 16 bits: where JavaScript has a Float16Array (Node 24), the runtime returns one. */
function bitsOf(data: DataOf<DType>): DataOf<DType> {
  const isHalf = classOf(data) === "Float16Array";
  return isHalf ? new Uint16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length) : data;
}
