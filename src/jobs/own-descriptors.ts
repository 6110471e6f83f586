import { fstatSync, type Stats } from "node:fs";
import { ConfigError } from "../errors.ts";

/** Paths that name an open file of the current process, such as `/dev/stdout`, or the path that a shell gives for `>(command)`. */
const ownDescriptor = /^\/(?:dev\/(?:fd\/(\d+)|(stdin|stdout|stderr))|proc\/self\/fd\/(\d+))$/;
const standard = ["stdin", "stdout", "stderr"];

/**
 * Settings for another process. A path such as `/dev/stdout` means another file there, so it becomes a path with the id of the process that
 * has the file open.
 *
 * @param outputs - names of the settings that are files to write
 * @throws ConfigError when another process cannot open such a file
 */
export function withDescriptorsOf(
  pid: number,
  settings: Readonly<Record<string, unknown>>,
  outputs: readonly string[],
): Readonly<Record<string, unknown>> {
  const passed = (value: unknown, isOutput: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => passed(item, isOutput));
    const [path, number, name, same] = (typeof value === "string" && ownDescriptor.exec(value)) || [];
    return path === undefined ? value : pathFor(pid, path, Number(number ?? same ?? standard.indexOf(name!)), isOutput);
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, passed(value, outputs.includes(key))]));
}

function pathFor(pid: number, path: string, descriptor: number, isOutput: boolean): string {
  const found = openFile(descriptor);
  const why = !found
    ? "is not open"
    : process.platform !== "linux" || found.isSocket()
      ? "cannot be opened by the process that does the work"
      : isOutput && found.isFile()
        ? "is a regular file here, into which the program prints, too"
        : undefined;
  if (why !== undefined) throw new ConfigError(`"${path}" ${why}. Give the name of a file.`);
  return `/proc/${pid}/fd/${descriptor}`;
}

function openFile(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined;
  }
}
