import { InputError, type WeightsError } from "../errors.ts";
import { described } from "./described.ts";

type ProblemClass = typeof InputError | typeof WeightsError;

/** @param Problem - class of the error. @returns the path of a file. @throws when it is something else, or empty */
export function checkedPath(file: unknown, where: string, Problem: ProblemClass = InputError): string {
  if (typeof file === "string" && file !== "") return file;
  throw new Problem(`${where}: the path of a file was expected, got ${described(file)}.`);
}

/** @returns the path of a file, or its content with a name. @throws as `checkedPath` */
export function checkedFile<T extends { readonly name: string; readonly bytes: Uint8Array }>(
  file: unknown,
  where: string,
  Problem: ProblemClass = InputError,
): string | T {
  if (typeof file === "string") return checkedPath(file, where, Problem);
  const { name, bytes } = (file ?? {}) as Partial<T>;
  if (typeof name === "string" && bytes instanceof Uint8Array) return file as T;
  throw new Problem(`${where}: a path or { name, bytes } with a Uint8Array was expected, got ${described(file)}.`);
}
