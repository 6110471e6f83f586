import { actsOnMachine } from "./_forbidden-globals.ts";

/**
 * What a pickle may name: a function is what it may call, anything else a constant. The functions are ours and only assemble data,
 * so a pickle cannot run code.
 */
export type PickleGlobals = Readonly<Record<string, unknown>>;

/** How a pickle is read: what it may name, what its persistent ids mean, and how to say that something is wrong with it. */
export interface PickleRules {
  readonly globals: PickleGlobals;
  readonly persistent: (id: unknown) => unknown;
  /** Whether objects of a class are read as dictionaries of their attributes, as those of programs are. */
  readonly hasAttributes?: (path: string) => boolean;
  readonly fail: (what: string) => never;
}

/**
 * Placeholder for a class or function that the rules do not name, and for objects made with it: only the name is kept. Trainers save
 * settings, paths and scores beside the weights; these objects are not created, and their content is dropped.
 */
export class Inert {
  constructor(readonly path: string) {}
}

/** An object of which nothing but its attributes is known. */
class Attributes extends Map<unknown, unknown> {}

/**
 * Reads a Python pickle of protocol 2 to 5 as far as plain data and the allowed globals go; the rest becomes `Inert`.
 *
 * Dictionaries become Maps, lists, tuples and sets arrays, bytes Uint8Arrays, integers beyond 2⁵³ bigints. The same object named twice in
 * the pickle is the same object in the result, which may therefore contain itself.
 *
 * @see cpython Lib/pickletools.py, where each operation is described
 */
export function unpickle(bytes: Uint8Array, rules: PickleRules): unknown {
  const reader = new PickleReader(bytes, rules);
  let code: number;
  do {
    reader.start = reader.position;
    code = reader.byte();
    const operation = operations.get(code);
    if (operation === undefined) return reader.fail(`unknown operation 0x${code.toString(16).padStart(2, "0")}`);
    operation(reader);
  } while (code !== STOP);
  if (reader.position !== bytes.length) reader.fail(`${bytes.length - reader.position} bytes follow the end`);
  const result = reader.pop();
  if (reader.stack.length > 0) reader.fail("values are left over at the end");
  return result;
}

const STOP = 0x2e;
const LONGEST_INTEGER = 256; // bytes; numbers of a checkpoint have up to 8, seeds and hashes a few more
const MOST_ARGUMENTS = 16;

/** Marks where the items of a list, tuple or dictionary begin on the stack. */
const MARK = Symbol("mark");

/** The stack machine that runs a pickle: `stack` holds unfinished values, `memo` values that are referenced again later. */
class PickleReader {
  position = 0;
  /** Position of the current operation, for messages. */
  start = 0;
  readonly stack: unknown[] = [];
  readonly memo = new Map<number, unknown>();
  readonly view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly rules: PickleRules,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(what: string): never {
    return this.rules.fail(`its pickle is not valid at byte ${this.start}: ${what}`);
  }

  /** Moves on by `length` bytes and returns where they begin. */
  take(length: number): number {
    const at = this.position;
    if (at + length > this.bytes.length) this.fail(`it ends early, ${length} bytes are needed and ${this.bytes.length - at} are left`);
    this.position += length;
    return at;
  }

  byte(): number {
    return this.view.getUint8(this.take(1));
  }
  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }
  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  slice(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  text(length: number): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.slice(length));
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) this.fail("a line does not end");
    const text = this.text(end - this.position);
    this.position++;
    return text;
  }

  /** A signed integer in two's complement, little-endian. */
  long(length: number): number | bigint {
    if (length > LONGEST_INTEGER) this.fail(`an integer of ${length} bytes`);
    const value = this.slice(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0 || this.stack.at(-1) === MARK) this.fail("there is no value to take");
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length === 0 || this.stack.at(-1) === MARK) this.fail("there is no value to use");
    return this.stack.at(-1);
  }

  /** The values since the last mark, which goes too. */
  popToMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) this.fail("a mark is missing");
    const values = this.stack.splice(mark);
    values.shift();
    return values;
  }

  /** The last `count` values, as a tuple. */
  popTuple(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  append(items: unknown[]): void {
    const list = this.top();
    if (list instanceof Inert) return;
    if (!Array.isArray(list)) this.fail("items are appended to a value that is not a list");
    for (const item of items) list.push(item);
  }

  setItems(items: unknown[]): void {
    const dictionary = this.top();
    if (dictionary instanceof Inert) return;
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) this.fail("items are set in a value that is not a dictionary");
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i], items[i + 1]);
  }

  remembered(index: number): unknown {
    return this.memo.has(index) ? this.memo.get(index) : this.fail(`value ${index} is used before it is made`);
  }

  /** Of a state dict the only attribute is its version, on which the values do not depend. */
  setAttributes(state: unknown): void {
    const object = this.top();
    if (object instanceof Attributes && state instanceof Map) for (const [name, value] of state) object.set(name, value);
    else if (!(this.top() instanceof Map || this.top() instanceof Inert))
      this.fail("attributes are set on a value that is not a dictionary");
  }

  checkProtocol(protocol: number): void {
    if (protocol < 2 || protocol > 5) this.fail(`protocol ${protocol}, expected 2 to 5`);
  }

  global([module, name]: unknown[]): unknown {
    if (typeof module !== "string" || typeof name !== "string") return this.fail("the name of a global is not a string");
    const path = `${module}.${name}`;
    if (Object.hasOwn(this.rules.globals, path)) return this.rules.globals[path];
    if (this.rules.hasAttributes?.(path)) return () => new Attributes();
    if (!actsOnMachine(module, name)) return new Inert(path);
    return this.rules.fail(
      `it asks Python for "${path}", which weights do not need. Nothing was run. Harmful files name such things: get the weights from another source.`,
    );
  }

  call([callee, args]: unknown[]): unknown {
    if (callee instanceof Inert) return new Inert(callee.path);
    if (typeof callee !== "function") return this.fail("a value that is not a function is called");
    if (!Array.isArray(args) || args.length > MOST_ARGUMENTS) return this.fail("a function is called with invalid or too many arguments");
    return callee(...args);
  }
}

type Operation = (r: PickleReader) => void;

/** What each operation does, under the names of Python's pickletools, and the byte that stands for it. */
const operationTable: Record<string, readonly [code: number, run: Operation]> = {
  PROTO: [0x80, (r) => r.checkProtocol(r.byte())],
  FRAME: [0x95, (r) => void r.uint64()], // only a hint for buffering
  STOP: [STOP, () => {}],

  MARK: [0x28, (r) => r.push(MARK)],
  POP: [0x30, (r) => void r.pop()],
  POP_MARK: [0x31, (r) => void r.popToMark()],
  DUP: [0x32, (r) => r.push(r.top())],
  BINPUT: [0x71, (r) => void r.memo.set(r.byte(), r.top())],
  LONG_BINPUT: [0x72, (r) => void r.memo.set(r.uint32(), r.top())],
  MEMOIZE: [0x94, (r) => void r.memo.set(r.memo.size, r.top())],
  BINGET: [0x68, (r) => r.push(r.remembered(r.byte()))],
  LONG_BINGET: [0x6a, (r) => r.push(r.remembered(r.uint32()))],

  NONE: [0x4e, (r) => r.push(null)],
  NEWTRUE: [0x88, (r) => r.push(true)],
  NEWFALSE: [0x89, (r) => r.push(false)],
  BININT: [0x4a, (r) => r.push(r.uint32() | 0)],
  BININT1: [0x4b, (r) => r.push(r.byte())],
  BININT2: [0x4d, (r) => r.push(r.uint16())],
  LONG1: [0x8a, (r) => r.push(r.long(r.byte()))],
  LONG4: [0x8b, (r) => r.push(r.long(r.uint32()))],
  BINFLOAT: [0x47, (r) => r.push(r.view.getFloat64(r.take(8)))], // the only number that is big-endian
  BINUNICODE: [0x58, (r) => r.push(r.text(r.uint32()))],
  SHORT_BINUNICODE: [0x8c, (r) => r.push(r.text(r.byte()))],
  BINUNICODE8: [0x8d, (r) => r.push(r.text(r.uint64()))],
  BINBYTES: [0x42, (r) => r.push(r.slice(r.uint32()))],
  SHORT_BINBYTES: [0x43, (r) => r.push(r.slice(r.byte()))],
  BINBYTES8: [0x8e, (r) => r.push(r.slice(r.uint64()))],
  BYTEARRAY8: [0x96, (r) => r.push(r.slice(r.uint64()))],

  EMPTY_LIST: [0x5d, (r) => r.push([])],
  LIST: [0x6c, (r) => r.push(r.popToMark())],
  APPEND: [0x61, (r) => r.append(r.popTuple(1))],
  APPENDS: [0x65, (r) => r.append(r.popToMark())],
  EMPTY_TUPLE: [0x29, (r) => r.push([])],
  TUPLE: [0x74, (r) => r.push(r.popToMark())],
  TUPLE1: [0x85, (r) => r.push(r.popTuple(1))],
  TUPLE2: [0x86, (r) => r.push(r.popTuple(2))],
  TUPLE3: [0x87, (r) => r.push(r.popTuple(3))],
  EMPTY_SET: [0x8f, (r) => r.push([])],
  ADDITEMS: [0x90, (r) => r.append(r.popToMark())],
  FROZENSET: [0x91, (r) => r.push(r.popToMark())],
  EMPTY_DICT: [0x7d, (r) => r.push(new Map())],
  SETITEM: [0x73, (r) => r.setItems(r.popTuple(2))],
  SETITEMS: [0x75, (r) => r.setItems(r.popToMark())],

  GLOBAL: [0x63, (r) => r.push(r.global([r.line(), r.line()]))],
  STACK_GLOBAL: [0x93, (r) => r.push(r.global(r.popTuple(2)))],
  REDUCE: [0x52, (r) => r.push(r.call(r.popTuple(2)))],
  NEWOBJ: [0x81, (r) => r.push(r.call(r.popTuple(2)))],
  NEWOBJ_EX: [0x92, (r) => r.push(r.call(r.popTuple(3).slice(0, 2)))], // what follows are arguments with names, which our functions have none of
  BUILD: [0x62, (r) => r.setAttributes(r.pop())],
  BINPERSID: [0x51, (r) => r.push(r.rules.persistent(r.pop()))],
};

const operations = new Map<number, Operation>(Object.values(operationTable));
