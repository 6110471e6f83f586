import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { ConfigError } from "../errors.ts";
import { readTensor } from "../tensor/stored-tensor.ts";
import { checkedOutputs } from "./arguments.ts";
import { type ModelOptions, modelOf } from "./onnx.ts";
import { nodesOf, readsOf } from "./order.ts";
import { substitute } from "./substitute.ts";
import { constant, type Value } from "./value.ts";

const Options = z.strictObject({
  metadata: z.record(z.string(), z.string()).optional(),
  freeAxes: z.record(z.string(), z.record(z.string().regex(/^\d+$/), z.string())).optional(),
});

/** Bytes of a message of protobuf at most. */
const limit = 2 ** 31 - 1;

/**
 * A model as one .onnx file that any ONNX Runtime runs by itself: its weights are inside, inputs and outputs have their own names.
 *
 * @throws ConfigError for other options, when an output has the name of an input, or when the weights have 2 GiB or more, which the format does not allow
 */
export async function exportOnnx(
  outputs: Readonly<Record<string, Value>>,
  options: Omit<ModelOptions, "outputPrefix"> = {},
): Promise<Uint8Array> {
  checkedOptions(Options, options, "exportOnnx");
  const named = checkedOutputs(outputs, "exportOnnx");
  const values = named.map(([, value]) => value);
  const read = [...new Set([...values, ...nodesOf(values).flatMap(readsOf)])];
  const names = new Set(read.flatMap(({ source }) => (source.kind === "input" ? [source.name] : [])));
  const twice = named.find(([name]) => names.has(name));
  if (twice) throw new ConfigError(`exportOnnx: an input and an output are both called "${twice[0]}". Give one another name.`);
  const inside = new Map<Value, Value>();
  let bytes = 0;
  for (const value of read) {
    if (value.source.kind !== "stored") continue;
    bytes += value.source.stored.byteLength;
    if (bytes > limit) throw new ConfigError(`exportOnnx: weights of more than ${limit} bytes do not fit into one .onnx file.`);
    inside.set(value, constant(await readTensor(value.source.stored)));
  }
  const whole = inside.size === 0 ? values : substitute(values, inside);
  return modelOf(Object.fromEntries(named.map(([name], i) => [name, whole[i]!])), { ...options, outputPrefix: "" }).bytes;
}
