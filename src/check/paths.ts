import { InputError } from "../errors.ts";
import { described } from "./described.ts";

/** The path of a file. @throws InputError when it is another thing, or empty */
export function checkedPath(file: unknown, where: string): string {
  if (typeof file === "string" && file !== "") return file;
  throw new InputError(`${where}: the path of a file was expected, got ${described(file)}.`);
}

/** The path of a file, or its content with a name. @throws InputError when it is another thing */
export function checkedFile<T extends { readonly name: string; readonly bytes: Uint8Array }>(file: unknown, where: string): string | T {
  if (typeof file === "string") return checkedPath(file, where);
  const { name, bytes } = (file ?? {}) as Partial<T>;
  if (typeof name === "string" && bytes instanceof Uint8Array) return file as T;
  throw new InputError(`${where}: a path or { name, bytes } with a Uint8Array was expected, got ${described(file)}.`);
}
