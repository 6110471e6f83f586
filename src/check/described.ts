/** What a value is, for a message about a wrong one: "undefined", "\"text\"", "NaN", "[1, NaN]", "a Float32Array of 12", "a Promise (await it first)". */
export function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 37)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return isShort(value) ? `[${Array.from(value, described).join(", ")}]` : `an array of ${value.length}`;
  if (ArrayBuffer.isView(value) && "length" in value) return `a ${classOf(value)} of ${value.length}`;
  if (typeof (value as PromiseLike<unknown>).then === "function") return "a Promise (await it first)";
  const name = classOf(value);
  const keys = Object.keys(value);
  if (name !== "Object") return `a ${name}`;
  return keys.length === 0 ? "{}" : `an object with ${keys.slice(0, 5).join(", ")}${keys.length > 5 ? ", ..." : ""}`;
}

const isShort = (list: readonly unknown[]): boolean => list.length <= 8 && list.every((item) => typeof item !== "object" || item === null);

/** Name of a value's class, such as "Uint8Array". It also works for values from frames and `vm`, where `instanceof` fails. */
export const classOf = (value: unknown): string => Object.prototype.toString.call(value).slice("[object ".length, -1);
