import { z } from "zod";
import { openSession } from "#runtime";
import { checkedOptions } from "../check/options.ts";
import { type Session, SessionOptions } from "../runtime/session.ts";
import { checkedOutputs } from "./arguments.ts";
import { blockedChannels, hasFedKernels, inBlocks } from "./blocked-convolutions.ts";
import { modelOf } from "./onnx.ts";
import type { Value } from "./value.ts";

/** Unknown options are ignored, as models pass on all options that they were opened with. */
const Options = z.object(SessionOptions.shape);

/**
 * Makes a graph ready to run: the session computes the named outputs from the inputs that they depend on.
 *
 * @example const session = await compile({ y: softmax(x) });   const { y } = await session.run({ x: tensor("float32", [2, 3], data) });
 */
export async function compile(outputs: Readonly<Record<string, Value>>, options: SessionOptions = {}): Promise<Session> {
  checkedOptions(Options, options, "compile");
  return await openSession(modelOf(await fastest(outputs, options)), options);
}

/** The outputs in the form that is fastest on the device and processor. */
async function fastest(outputs: Readonly<Record<string, Value>>, options: SessionOptions): Promise<Record<string, Value>> {
  const results = checkedOutputs(outputs, "serialise");
  const values = results.map(([, value]) => value);
  if (!hasFedKernels(values)) return outputs;
  const fast = inBlocks(values, await blockedChannels(options));
  return Object.fromEntries(results.map(([name], i) => [name, fast[i]!]));
}
