import { ShapeError } from "../errors.ts";
import { ProtobufWriter } from "../protobuf-writer.ts";
import type { Model } from "../runtime/session.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import type { DType, Shape, Tensor } from "../tensor/tensor.ts";
import { checkedOutputs } from "./arguments.ts";
import { onnxTypes } from "./operators/elementwise.ts";
import { movement } from "./operators/movement.ts";
import { nodesOf, readsOf } from "./order.ts";
import type { Attribute, Attributes, Body, Node, Scope, Value } from "./value.ts";
import { describe, rootScope } from "./value.ts";

/** Operator set with Gelu as an operator; IR version that goes with it. */
const opset = 20;
const irVersion = 9;

/** How a model for other programs is written. */
export interface ModelOptions {
  /** What the model says about itself, as texts by name. */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Names of axes that may have any length when the model is run, by input or output and axis: `{ image: { 0: "batch" } }`. It is for
   * the caller to know that no operator of the graph depends on those lengths.
   */
  readonly freeAxes?: Readonly<Record<string, Readonly<Record<number, string>>>>;
  /** Stands before the names of outputs, so that an output may be called as an input is. */
  readonly outputPrefix?: string;
}

/** The bytes of a ModelProto; see `modelOf`. */
export function serialise(outputs: Readonly<Record<string, Value>>): Uint8Array {
  return modelOf(outputs).bytes;
}

/**
 * Writes what the named outputs depend on as an ONNX model. Stored tensors stay in their files: the model names file, offset
 * and length, with the path relative to the root folder "/". Files that are in memory come along as they are.
 *
 * @throws ShapeError when two different inputs, or two different files in memory, have the same name, or an output exists only inside
 *   a loop
 */
export function modelOf(
  outputs: Readonly<Record<string, Value>>,
  { metadata = {}, freeAxes = {}, outputPrefix = "output:" }: ModelOptions = {},
): Model {
  const names = new Names();
  const inputs = new Map<string, Value>();
  const initializers = new Map<string, Value>();
  const graph = new GraphWriter(names, inputs, initializers);
  const results = checkedOutputs(outputs, "serialise");
  for (const [name, value] of results)
    if (value.scope !== rootScope)
      throw new ShapeError(`serialise: "${name}" is ${describe(value)}, which exists only inside a loop. Collect it.`);
  const writer = new ProtobufWriter();
  writer.integer(1, irVersion).text(2, "medclip-sam");
  writer.message(7, (proto) => {
    graph.nodes(
      proto,
      results.map(([, value]) => value),
      rootScope,
    );
    // An output needs a node that makes it under its own name, even if it is an input, a constant, or asked for twice.
    for (const [name, value] of results)
      proto.message(1, (node) => node.text(1, graph.nameOf(value)).text(2, `${outputPrefix}${name}`).text(4, "Identity"));
    proto.text(2, "graph");
    for (const [name, value] of initializers) proto.message(5, (tensor) => writeInitializer(tensor, name, value));
    for (const [name, value] of inputs) proto.message(11, (info) => writeType(info, name, value, freeAxes[name]));
    for (const [name, value] of results) proto.message(12, (info) => writeType(info, `${outputPrefix}${name}`, value, freeAxes[name]));
  });
  writer.message(8, (set) => set.text(1, "").integer(2, opset));
  for (const domain of graph.domains) writer.message(8, (set) => set.text(1, domain).integer(2, 1));
  for (const [key, text] of Object.entries(metadata)) writer.message(14, (entry) => entry.text(1, key).text(2, text));
  return { bytes: writer.bytes(), files: filesOf(initializers.values()) };
}

/** The files in memory behind stored tensors, by location. */
function filesOf(values: Iterable<Value>): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { source } of values) {
    if (source.kind !== "stored" || source.stored.content === undefined) continue;
    const location = locationOf(source.stored);
    const other = files.get(location);
    if (other && other !== source.stored.content) throw new ShapeError(`serialise: two different files are called "${location}"`);
    files.set(location, source.stored.content);
  }
  return files;
}

/** Short unique names, shared by a graph and the bodies inside it. */
class Names {
  private readonly known = new Map<Value, string>();
  private count = 0;

  get(value: Value): string | undefined {
    return this.known.get(value);
  }

  assign(value: Value, prefix: string): string {
    const name = `${prefix}${this.count++}`;
    this.known.set(value, name);
    return name;
  }

  set(value: Value, name: string): string {
    this.known.set(value, name);
    return name;
  }
}

/** Writes nodes; collects on the way the inputs and initializers they name. */
class GraphWriter {
  /** Operator sets other than ONNX's own that the nodes are of. */
  readonly domains = new Set<string>();
  private readonly constants = new Map<string, string>();

  constructor(
    private readonly names: Names,
    private readonly inputs: Map<string, Value>,
    private readonly initializers: Map<string, Value>,
  ) {}

  /** The nodes of one scope that some values depend on. */
  nodes(proto: ProtobufWriter, values: readonly Value[], scope: Scope): void {
    const ordered = nodesOf(values, writtenReads).filter((node) => node.outputs[0]!.scope === scope);
    const used = new Set<Value>(values);
    for (const node of ordered) for (const value of writtenReads(node)) used.add(value);
    for (const node of ordered) proto.message(1, (message) => this.node(message, node, used));
  }

  nameOf(value: Value): string {
    const known = this.names.get(value);
    if (known) return known;
    const { source } = value;
    if (source.kind === "input") {
      const other = this.inputs.get(source.name);
      if (other && other !== value) throw new ShapeError(`serialise: two different inputs are called "${source.name}"`);
      this.inputs.set(source.name, value);
      return this.names.set(value, source.name);
    }
    if (source.kind === "node") return this.names.assign(value, `${source.node.operator.name.toLowerCase()}:`);
    const key = source.kind === "constant" ? keyOf(source.tensor) : `${placeOf(source.stored)}:${value.dtype}:${value.shape}`;
    const same = this.constants.get(key);
    if (same) return this.names.set(value, same);
    const name = this.names.assign(value, `${source.kind}:`);
    this.constants.set(key, name);
    this.initializers.set(name, value);
    return name;
  }

  private node(message: ProtobufWriter, node: Node, used: ReadonlySet<Value>): void {
    const { name, inputs, attributes } = written(node);
    const { domain } = node.operator;
    for (const value of inputs) message.text(1, this.nameOf(value));
    // Outputs nobody reads are left out at the end of the list and unnamed within it. A Loop names all of its values.
    const last = node.body ? node.outputs.length - 1 : node.outputs.findLastIndex((value, i) => i === 0 || used.has(value));
    for (const value of node.outputs.slice(0, last + 1)) message.text(2, this.nameOf(value));
    message.text(4, name);
    if (domain !== undefined) {
      message.text(7, domain);
      this.domains.add(domain);
    }
    for (const [name, attribute] of Object.entries(attributes)) message.message(5, (proto) => writeAttribute(proto, name, attribute));
    if (node.body)
      message.message(5, (proto) =>
        proto
          .text(1, "body")
          .integer(20, 5)
          .message(6, (graph) => this.body(graph, node.body!)),
      );
  }

  private body(proto: ProtobufWriter, body: Body): void {
    for (const value of body.inputs) this.names.assign(value, "loop:");
    this.nodes(proto, body.outputs, body.scope);
    // As for the outermost graph: an output is the result of a node of this graph, once.
    const outputNames = body.outputs.map((value, i) => {
      const name = `${this.nameOf(value)}:next${i}`;
      proto.message(1, (node) => node.text(1, this.nameOf(value)).text(2, name).text(4, "Identity"));
      return name;
    });
    proto.text(2, "body");
    for (const value of body.inputs) proto.message(11, (info) => writeType(info, this.nameOf(value), value));
    for (const [i, value] of body.outputs.entries()) proto.message(12, (info) => writeType(info, outputNames[i]!, value));
  }
}

/**
 * How a node is written: as it is, except that a transposition of a transposition becomes one. It stays two in the graph, so that each
 * value in between can be differentiated and substituted.
 */
function written({ operator, inputs, attributes }: Node): Pick<Node, "inputs" | "attributes"> & { readonly name: string } {
  if (operator !== movement.Transpose) return { name: operator.name, inputs: inputs.slice(0, operator.written), attributes };
  let [x] = inputs as [Value];
  let perm = orderOf(attributes);
  while (x.source.kind === "node" && x.source.node.operator === movement.Transpose) {
    const inner = orderOf(x.source.node.attributes);
    perm = perm.map((axis) => inner[axis]!);
    x = x.source.node.inputs[0]!;
  }
  if (perm.every((axis, i) => axis === i)) return { name: "Identity", inputs: [x], attributes: {} };
  return { name: operator.name, inputs: [x], attributes: { perm: { ints: perm } } };
}

const orderOf = ({ perm }: Attributes): readonly number[] => (perm as { ints: readonly number[] }).ints;

/** What a node reads as it is written. */
function writtenReads(node: Node): readonly Value[] {
  return node.body ? readsOf(node) : written(node).inputs;
}

/** Where a stored tensor lies; files in memory are distinguished by their bytes, since their names may be equal. */
function placeOf({ file, content, offset }: StoredTensor): string {
  return `${content ? identity(content) : file}:${offset}`;
}

/** Equal constants are written once; the shape is part of the key since [] and [1] are different arrays. */
function keyOf({ dtype, shape, data }: Tensor): string {
  if (data.length > 64) return `${dtype}[${shape}]#${identity(data)}`;
  return `${dtype}[${shape}]${Array.from(data as Iterable<number | bigint>, (x) => (Object.is(x, -0) ? "-0" : String(x))).join()}`;
}

const identities = new WeakMap<object, number>();
let identityCount = 0;

function identity(array: object): number {
  const known = identities.get(array) ?? identityCount++;
  identities.set(array, known);
  return known;
}

function writeType(
  proto: ProtobufWriter,
  name: string,
  { dtype, shape }: { dtype: DType; shape: Shape },
  freeAxes: Readonly<Record<number, string>> = {},
): void {
  proto.text(1, name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.integer(1, onnxTypes[dtype]).message(2, (dims) => {
        for (const [axis, length] of shape.entries())
          dims.message(1, (dim) => (freeAxes[axis] === undefined ? dim.integer(1, length) : dim.text(2, freeAxes[axis])));
      }),
    ),
  );
}

function writeAttribute(proto: ProtobufWriter, name: string, attribute: Attribute): void {
  proto.text(1, name);
  if ("int" in attribute) proto.integer(3, attribute.int).integer(20, 2);
  else if ("float" in attribute) proto.float(2, attribute.float).integer(20, 1);
  else if ("text" in attribute) proto.text(4, attribute.text).integer(20, 3);
  else {
    for (const int of attribute.ints) proto.integer(8, int);
    proto.integer(20, 7);
  }
}

function writeInitializer(proto: ProtobufWriter, name: string, value: Value): void {
  for (const length of value.shape) proto.integer(1, length);
  proto.integer(2, onnxTypes[value.dtype]).text(8, name);
  if (value.source.kind === "stored") writeExternal(proto, value.source.stored);
  else if (value.source.kind === "constant") {
    const { data } = value.source.tensor;
    proto.raw(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}

/** An absolute location is refused by ONNX Runtime; sessions therefore take "/" as the base folder of all locations. */
const locationOf = ({ file }: StoredTensor): string => file.replace(/^\/+/, "");

function writeExternal(proto: ProtobufWriter, stored: StoredTensor): void {
  const { offset, byteLength } = stored;
  const entry = (key: string, text: string) => proto.message(13, (pair) => pair.text(1, key).text(2, text));
  entry("location", locationOf(stored));
  entry("offset", String(offset));
  entry("length", String(byteLength));
  proto.integer(14, 1);
}
