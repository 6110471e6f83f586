import type { MedclipSamError } from "../errors.ts";

/** The error class of the reader's caller: a model's file is a `WeightsError`, a file of prompts a `ConfigError`. */
export type JsonFailure = new (message: string, options?: ErrorOptions) => MedclipSamError;

/**
 * The value of a JSON file that a person or another tool wrote. A byte-order mark at its start, as editors and shells on Windows put it
 * there, is no part of the text.
 *
 * @param content - the file's bytes, or its text
 * @param name - name of the file in messages
 * @throws Failure that tells the line and column of a mistake, names UTF-16 as such, or names a key that one object has twice:
 *   `JSON.parse` keeps the last of them silently, other readers the first
 */
export function parseJson(content: Uint8Array | string, name: string, Failure: JsonFailure): unknown {
  const text = (typeof content === "string" ? content : textOf(content, name, Failure)).replace(/^\uFEFF/, "");
  const scan = new JsonScan(text);
  const fault = scan.fault();
  if (fault) throw new Failure(`"${name}" is not valid JSON: ${fault}`);
  if (scan.repeated) throw new Failure(`"${name}" has the key "${scan.repeated}" twice in one object. Remove or rename one of them.`);
  return JSON.parse(text);
}

/** @throws Failure when the bytes are no UTF-8 */
function textOf(bytes: Uint8Array, name: string, Failure: JsonFailure): string {
  // JSON begins with an ASCII character, so a zero byte beside it is the other half of a UTF-16 one.
  const [first, second] = bytes;
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || (bytes.length > 1 && !(first && second));
  if (isWide) throw new Failure(`"${name}" is UTF-16 text, expected UTF-8. Save it again as UTF-8.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure(`"${name}" is not UTF-8 text. Save it again as UTF-8.`, { cause });
  }
}

/** The first key that occurs twice in one object of a valid JSON text, if any. */
export function repeatedKey(json: string): string | undefined {
  const scan = new JsonScan(json);
  scan.fault();
  return scan.repeated;
}

const SPACE = /[ \t\n\r]*/y;
const QUOTE = /"/y;
/** A piece of a text. Of limited length, as the engine keeps a place to return to for each character, and texts have millions. */
const PIECE = /(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,1000}/uy;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y;

/** An object (its keys so far) or a list around the position. */
interface Opened {
  readonly keys?: Set<string>;
  isEmpty: boolean;
}

/**
 * One pass over a JSON text that finds what `JSON.parse` does not say: where the first mistake is, whatever the engine, and which key is
 * repeated. Objects and lists are kept on a stack of its own, so that deep nesting cannot exhaust the engine's.
 */
class JsonScan {
  repeated: string | undefined;
  private position = 0;
  private readonly opened: Opened[] = [];

  constructor(private readonly text: string) {}

  /** What is wrong and where; undefined for valid JSON. */
  fault(): string | undefined {
    let missing = this.begin();
    while (!missing && this.opened.length > 0) missing = this.next(this.opened.at(-1)!);
    this.skip(SPACE);
    if (!missing && this.position < this.text.length) missing = "nothing after the value";
    return missing && this.expected(missing);
  }

  /** Moves over a scalar, or into an object or list. Like the others, returns what is missing. */
  private begin(): string | undefined {
    this.skip(SPACE);
    if (this.quoted() || this.skip(SCALAR)) return undefined;
    if (this.take("{")) this.opened.push({ keys: new Set(), isEmpty: true });
    else if (this.take("[")) this.opened.push({ isEmpty: true });
    else return "a value";
    return undefined;
  }

  /** To the next element of an object or list, or out of it. */
  private next(around: Opened): string | undefined {
    const end = around.keys ? "}" : "]";
    if (this.take(end)) {
      this.opened.pop();
      return undefined;
    }
    if (!around.isEmpty && !this.take(",")) return `"," or "${end}"`;
    around.isEmpty = false;
    return (around.keys && this.key(around.keys)) ?? this.begin();
  }

  private key(keys: Set<string>): string | undefined {
    this.skip(SPACE);
    const start = this.position;
    if (!this.quoted()) return "a key in double quotes";
    const key = JSON.parse(this.text.slice(start, this.position)) as string; // undoes escapes: "a" and "\u0061" are one key
    if (keys.has(key)) this.repeated ??= key;
    keys.add(key);
    return this.take(":") ? undefined : '":"';
  }

  /** Moves over a text in double quotes, if there is one. */
  private quoted(): boolean {
    const start = this.position;
    if (this.skip(QUOTE)) {
      while (this.skip(PIECE));
      if (this.skip(QUOTE)) return true;
    }
    this.position = start;
    return false;
  }

  private take(character: string): boolean {
    this.skip(SPACE);
    if (this.text[this.position] !== character) return false;
    this.position++;
    return true;
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    if (!pattern.test(this.text)) return false;
    this.position = pattern.lastIndex;
    return true;
  }

  private expected(what: string): string {
    const before = this.text.slice(0, this.position).split(/\r\n|\n|\r/);
    const found = this.position < this.text.length ? JSON.stringify(this.text.slice(this.position, this.position + 12)) : "the end";
    return `line ${before.length}, column ${before.at(-1)!.length + 1}: expected ${what}, found ${found}`;
  }
}
