import type { z } from "zod";
import { described } from "../../check/described.ts";
import { InputError } from "../../errors.ts";

/**
 * A part of a JSON file, checked.
 *
 * @param where - prefix of the keys in messages
 * @throws InputError that names the file and the first wrong key
 */
export function parsed<S extends z.ZodType>(schema: S, json: unknown, file: string, where: string): z.output<S> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], json);
  const key = `${where}${path.join(".")}`;
  if (key === "") throw new InputError(`"${file}" must hold an object, got ${described(json)}`);
  throw new InputError(
    value === undefined
      ? `"${file}" has no key "${key}". Is it a file of nnU-Net v2?`
      : `"${file}": ${key} is ${described(value)} (${message}).`,
  );
}
