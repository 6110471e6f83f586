/**
 * Convolutions whose kernels are fed at each run, in the layout that the runtime's fastest kernels read: channels in blocks of as many as a vector
 * register holds, [B, C / block, H, W, block]. The runtime chooses that layout by itself where kernels are constants, and only there.
 *
 * Measured on 2 cores (Intel, AVX-512), GFLOP/s of processor time with the copies from and to the usual layout, kernels of 3 x 3:
 *
 *   channels, positions, batch   usual   in blocks
 *   16,   192 x 192, 4             55        82
 *   32,   256 x 256, 2             74       107
 *   64,   128 x 128, 4             98       136
 *   128,  64 x 64, 4              110       151
 *   256,  32 x 32, 12             121       158
 *   512,  16 x 16, 12             116       140
 *   512,  8 x 8, 12               116        98
 *   128,  12 x 12, 8               97       104
 *   128,  6 x 6, 8                 74        60
 */
import { openSession } from "#runtime";
import type { SessionOptions } from "../runtime/session.ts";
import { sizeOf, tensor } from "../tensor/tensor.ts";
import { modelOf } from "./onnx.ts";
import { type BlockedInput, blockedConv, flippedFilter, fromBlocks, plainFilter, toBlocks } from "./operators/_blocked-convolution.ts";
import { reachOf, sidesOf, windowOf } from "./operators/_window.ts";
import { convolution } from "./operators/convolution.ts";
import { elementwise } from "./operators/elementwise.ts";
import { nodesOf } from "./order.ts";
import { apply, input, type Node, type Value } from "./value.ts";

/** Positions of all images together from which on the copies of kernels are worth it. */
const leastPositions = 1024;

let known: Promise<number> | undefined;

/** Channels in a block on this processor; 1 where the runtime has no such kernels, or on another device. */
export function blockedChannels({ device = "cpu" }: SessionOptions): Promise<number> {
  if (device !== "cpu") return Promise.resolve(1);
  known ??= foundBlock().catch(() => 1);
  return known;
}

/** A copy into blocks rounds the number of channels up to whole blocks. Where the runtime has no blocks, it cannot open the graph. */
async function foundBlock(): Promise<number> {
  const y = toBlocks(input("x", "float32", [1, 4, 1, 1]));
  const session = await openSession(modelOf({ y }, { freeAxes: { y: { 1: "channels" } } }), { threads: 1 });
  try {
    const { y } = await session.run({ x: tensor("float32", [1, 4, 1, 1], new Float32Array(4)) });
    return y!.shape[1]!;
  } finally {
    await session.dispose();
  }
}

/** Whether some of the convolutions may gain from blocks, whatever their number of channels. */
export function hasFedKernels(outputs: readonly Value[]): boolean {
  const nodes = nodesOf(outputs);
  const fed = fedValues(nodes);
  return nodes.some((node) => kernelOf(node) !== undefined && fed(node.inputs[1]!) && positions(node) >= leastPositions);
}

/** The outputs with the convolutions that gain from it computed in blocks. Graphs with loops are left as they are. */
export function inBlocks(outputs: readonly Value[], block: number): Value[] {
  const nodes = nodesOf(outputs);
  if (block <= 1 || nodes.some(({ body }) => body)) return [...outputs];
  const [fed, uses] = [fedValues(nodes), usesOf(nodes, outputs)];
  const values = new Map<Value, Value>();
  const blocked = new Map<Value, BlockedInput>();
  const reordered = new Map<Value, Value>();
  for (const node of nodes) {
    const inputs = node.inputs.map((value) => values.get(value) ?? value);
    const [first] = node.outputs as [Value];
    if (fed(node.inputs[1]!) && gains(node, block)) {
      const [x, w, bias] = inputs as [Value, Value, Value?];
      if (!reordered.has(x)) reordered.set(x, toBlocks(x));
      const convolved = { x: reordered.get(x)!, bias, ...kernelOf(node)!(w, block) };
      blocked.set(first, convolved);
      values.set(first, fromBlocks(blockedConv(convolved)));
    } else if (isSum(node, blocked, uses)) {
      const [a, b] = node.inputs.map((value) => blocked.get(value)!) as [BlockedInput, BlockedInput];
      // The convolution that adds is the one with a bias, since the runtime reads what is added behind it.
      const [last, before] = b.bias ? [b, a] : [a, b];
      values.set(first, fromBlocks(blockedConv({ ...last, sum: blockedConv(before) })));
    } else if (inputs.some((value, i) => value !== node.inputs[i])) {
      const fresh = apply(node.operator, inputs, node.attributes, undefined, first.scope);
      for (const [i, output] of node.outputs.entries()) values.set(output, fresh[i]!);
    }
  }
  return outputs.map((value) => values.get(value) ?? value);
}

/** Which values depend on an input of the graph; the others are constants to the runtime. */
function fedValues(nodes: readonly Node[]): (value: Value | undefined) => boolean {
  const fed = new Set<Value>();
  const isFed = (value: Value | undefined) => value !== undefined && (value.source.kind === "input" || fed.has(value));
  for (const { inputs, outputs } of nodes) if (inputs.some(isFed)) for (const output of outputs) fed.add(output);
  return isFed;
}

function usesOf(nodes: readonly Node[], outputs: readonly Value[]): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  for (const value of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}

/** How the kernel of a convolution is laid out and moved, if it can be computed in blocks: also that of the gradient, where the stride is 1. */
function kernelOf({
  operator,
  attributes,
  inputs,
}: Node): ((w: Value, block: number) => Pick<BlockedInput, "filter" | "window">) | undefined {
  if (operator !== convolution.Conv && operator !== convolution.ConvTranspose) return undefined;
  if ((attributes.group as { int: number }).int !== 1 || inputs[0]!.dtype !== "float32") return undefined;
  const window = windowOf(attributes);
  if (operator === convolution.Conv) return (w, block) => ({ filter: plainFilter(w, block), window });
  const { stride, padding } = window;
  const reach = reachOf(window);
  const border = [reach[0] - 1 - padding[0], reach[1] - 1 - padding[1]] as const;
  const more = (attributes.output_padding as { ints: readonly number[] }).ints;
  if (stride.some((step) => step !== 1) || border.some((width) => width < 0) || more.some((width) => width > 0)) return undefined;
  return (w, block) => ({ filter: flippedFilter(w, block), window: { ...window, padding: border } });
}

function positions({ outputs: [y] }: Node): number {
  return y!.shape[0]! * sizeOf(sidesOf(y!.shape));
}

function gains(node: Node, block: number): boolean {
  if (!kernelOf(node)) return false;
  const channels = [node.inputs[0]!.shape[1]!, node.outputs[0]!.shape[1]!];
  return channels.every((count) => count % block === 0) && positions(node) >= leastPositions;
}

/** Whether a node adds two convolutions in blocks that nothing else reads: the second then adds as it goes. */
function isSum(node: Node, blocked: ReadonlyMap<Value, unknown>, uses: ReadonlyMap<Value, number>): boolean {
  const [a, b] = node.inputs;
  return node.operator === elementwise.Add && a !== b && node.inputs.every((value) => blocked.has(value) && uses.get(value) === 1);
}
