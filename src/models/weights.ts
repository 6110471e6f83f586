import { closest, distance } from "fastest-levenshtein";
import { absolutePath } from "#files";
import { checkedFile } from "../check/paths.ts";
import { WeightsError } from "../errors.ts";
import { cast, constant, reshape, slice, stored, type Value } from "../graph/index.ts";
import { type Weights as OpenedWeights, openWeights, type WeightsFile } from "../tensor/open-weights.ts";
import { isContiguous, readTensor, reshaped, rowsOf, type StoredTensor, toFloat32, transposed } from "../tensor/stored-tensor.ts";
import { isFloat, type Shape, sameShape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { findModel, type ModelInFile } from "./_model-in-file.ts";
import { strangerOf } from "./_strangers.ts";
import type { NameScheme, WeightsFamily } from "./name-scheme.ts";
import { NamedWeights } from "./named-weights.ts";

/** A model that does not lie alone in its file is named by the file, a number sign and what stands before its names: `run.pt#teacher.` */
const partOfFile = /^(.+)#((?:[\w-]+\.)+|\.)$/;

/** The file and, where the address names one, the prefix of a model. */
export function splitAddress(address: string): { readonly file: string; readonly under?: string } {
  const [, file, under] = partOfFile.exec(address) ?? [];
  return file === undefined ? { file: address } : { file, under: under === "." ? "" : under! };
}

/** The tensors of one model in one file, by their official names. Nothing is read: graph values point into the file. */
export class Weights extends NamedWeights {
  readonly file: string;
  readonly scheme: NameScheme;
  /** Notes on what was chosen if the file holds more than the model. */
  readonly notes: readonly string[];
  /** What the file says about itself, see `originIn`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The one of the families asked for to which the model belongs. */
  readonly family: WeightsFamily;
  private readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Tensors that cannot be mapped as they lie (views with strides), read into memory. */
  private readonly gathered: ReadonlyMap<string, Tensor>;
  /** Classes of the file's objects that are not read, by their whole path. */
  private readonly unread: ReadonlyMap<string, string>;

  private constructor(
    file: string,
    { family, scheme, notes }: ModelInFile,
    tensors: ReadonlyMap<string, StoredTensor>,
    gathered: ReadonlyMap<string, Tensor>,
    { unread, metadata }: Pick<OpenedWeights, "unread" | "metadata">,
  ) {
    super();
    this.file = file;
    this.family = family;
    this.scheme = scheme;
    this.notes = notes;
    this.tensors = tensors;
    this.gathered = gathered;
    this.unread = unread;
    this.metadata = metadata;
  }

  /**
   * Opens a weights file, or its bytes, and recognises where in it the model lies and how its tensors are named.
   *
   * @param given - `FILE#PREFIX.` names one of several models in a file
   * @param families - those to which the model may belong
   * @throws WeightsError when the file cannot be read or holds no model of them
   */
  static async open(given: WeightsFile, ...families: readonly WeightsFamily[]): Promise<Weights> {
    const file = checkedFile<Exclude<WeightsFile, string>>(given, "weights", WeightsError);
    const { file: path, under } = splitAddress(typeof file === "string" ? file : file.name);
    // The runtime maps the file by its absolute path, whatever the folder it is run in.
    const source = typeof file === "string" ? absolutePath(path) : file;
    const opened = await openWeights(source);
    const found = findModel(path, opened, families, under);
    const tensors = new Map([...found.tensors].map(([name, value]) => [name, inOrder(name, value, found.scheme)]));
    const views = [...tensors].filter(([, value]) => !isContiguous(value));
    const gathered = new Map<string, Tensor>();
    for (const [name, value] of views) gathered.set(name, await readTensor(value));
    return new Weights(typeof source === "string" ? source : source.name, found, tensors, gathered, opened);
  }

  /** Whether the file holds the tensor. */
  override has(official: string): boolean {
    return this.namesOf(official).every((name) => this.tensors.has(name));
  }

  /** Shape of a tensor under its official name. @throws WeightsError when the file lacks it */
  override shapeOf(official: string): Shape {
    const parts = this.namesOf(official).map((name) => this.stored(name, official));
    const [first, ...others] = parts;
    if (others.length === 0) return first!.shape;
    return [parts.reduce((sum, { shape }) => sum + shape[0]!, 0), ...first!.shape.slice(1)];
  }

  /** The tensor as a float32 value of a graph. `shape` may restate its shape where schemes differ in axes of length 1. */
  override get(official: string, shape?: Shape): Value {
    const names = this.namesOf(official);
    if (names.length !== 1) throw new WeightsError(`"${official}" is stored in ${names.length} parts; use parts()`);
    const view = this.gathered.get(names[0]!);
    if (view) return reshape(cast(constant(view), "float32"), shape ?? view.shape);
    const tensor = this.stored(names[0]!, official);
    return cast(stored(shape ? reshaped(tensor, shape) : tensor), "float32");
  }

  /** Equal parts of a tensor along its first axis, such as the query, key and value rows of a fused projection. */
  override parts(official: string, count: number): Value[] {
    const names = this.namesOf(official);
    if (names.length === count) return names.map((name) => this.part(name, official, 0, this.stored(name, official).shape[0]!));
    const rows = this.shapeOf(official)[0]! / count;
    return Array.from({ length: count }, (_, i) => this.part(names[0]!, official, i * rows, rows));
  }

  /** The values of a tensor as float32, read into memory. */
  async read(official: string): Promise<Float32Array> {
    const parts = await Promise.all(this.namesOf(official).map((name) => readTensor(this.stored(name, official))));
    if (parts.length === 1) return toFloat32(parts[0]!);
    const values = new Float32Array(sizeOf(this.shapeOf(official)));
    let at = 0;
    for (const part of parts) {
      values.set(toFloat32(part), at);
      at += sizeOf(part.shape);
    }
    return values;
  }

  /** All tensors of the model by the names that the file gives them, with axes as in the official ones. */
  get contents(): ReadonlyMap<string, StoredTensor> {
    return this.tensors;
  }

  /**
   * Compares the file with what the model needs.
   *
   * @param expected - official names and shapes
   * @throws WeightsError that lists missing tensors with the closest candidate, misshapen ones, those of integers, and surplus ones
   */
  check(expected: ReadonlyMap<string, Shape>): void {
    const needed = new Set([...expected.keys()].flatMap((official) => this.namesOf(official)));
    const surplus = [...this.tensors.keys()].filter(
      (name) => !needed.has(name) && !this.family.ignored.some((pattern) => pattern.test(name)),
    );
    const missing = [...needed].filter((name) => !this.tensors.has(name));
    const misshapen = [...expected].filter(([official, shape]) => this.has(official) && !sameButForOnes(this.shapeOf(official), shape));
    const problems = [
      ...linesOf(missing, (name) => `missing: "${name}"${this.objectAt(name) ?? candidateFor(name, surplus)}`),
      ...linesOf(
        misshapen,
        ([official, shape]) => `wrong shape: "${this.namesOf(official).join('", "')}" is [${this.shapeOf(official)}], expected [${shape}]`,
      ),
      ...linesOf(
        [...needed].filter((name) => this.tensors.has(name) && !isFloat(this.tensors.get(name)!.dtype)),
        (name) => `wrong type: "${name}" is ${this.tensors.get(name)!.dtype}, expected a floating-point type`,
      ),
      ...linesOf(surplus, (name) => `unexpected: "${name}"`),
    ];
    if (problems.length === 0) return;
    const stranger = strangerOf(surplus);
    if (stranger) problems.push(`It looks like ${stranger}`);
    throw new WeightsError(`"${this.file}" does not fit ${this.family.title} (${this.scheme.name} names):\n  ${problems.join("\n  ")}`);
  }

  /** The names in the file of the tensors that hold an official one; several join along the first axis. */
  namesOf(official: string): readonly string[] {
    const names = this.scheme.locate(official);
    return typeof names === "string" ? [names] : names;
  }

  /** What lies in place of a tensor, where it is an object that is not read. */
  private objectAt(name: string): string | undefined {
    const found = [...this.unread].find(([path]) => path === name || path.endsWith(`.${name}`));
    return found && ` (the file has an object of the class "${found[1]}" there, which is not read)`;
  }

  private stored(name: string, official: string): StoredTensor {
    const found = this.tensors.get(name);
    if (found) return found;
    throw new WeightsError(
      `"${this.file}" has no tensor "${name}"${name === official ? "" : ` (${official})`}; the closest is "${closest(name, [...this.tensors.keys()])}".`,
    );
  }

  private part(name: string, official: string, start: number, rows: number): Value {
    const view = this.gathered.get(name);
    if (view) return slice(cast(constant(view), "float32"), 0, start, start + rows);
    return cast(stored(rowsOf(this.stored(name, official), start, rows)), "float32");
  }
}

/** A tensor of a file with its axes in the order of the official one. */
function inOrder(name: string, value: StoredTensor, { isTransposed }: NameScheme): StoredTensor {
  return isTransposed?.(name) && value.shape.length === 2 ? transposed(value) : value;
}

/** Problems of one kind a line, the first of them word by word. */
function linesOf<T>(problems: readonly T[], describe: (problem: T) => string): string[] {
  const shown = problems.slice(0, 20).map(describe);
  return problems.length > shown.length ? [...shown, `and ${problems.length - shown.length} more of this kind`] : shown;
}

/** The name that was probably meant, if any is near. */
function candidateFor(name: string, surplus: readonly string[]): string {
  if (surplus.length === 0) return "";
  const candidate = closest(name, surplus);
  return distance(name, candidate) < name.length / 2 ? ` (the closest is "${candidate}")` : "";
}

/** Schemes differ in axes of length 1 only: [1, 1, D] and [D]. */
function sameButForOnes(a: Shape, b: Shape): boolean {
  const squeezed = (shape: Shape) => shape.filter((length) => length !== 1);
  return sameShape(squeezed(a), squeezed(b));
}
