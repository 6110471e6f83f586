import { InputError } from "../errors.ts";
import type { FileAccess } from "./file-access.ts";
import type { NamedBytes } from "./sources/image-source.ts";

/**
 * Files in memory, by name.
 *
 * @param elsewhere - files of other names; default: there are none
 * @throws InputError when two have one name
 */
export function filesInMemory(contents: readonly NamedBytes[], elsewhere: FileAccess = nowhere): FileAccess {
  const files = new Map<string, NamedBytes>();
  for (const content of contents) {
    const { name } = content;
    if (files.has(name)) throw new InputError(`two files are named "${name}". Add their folders to the names.`);
    files.set(name, content);
  }
  return {
    async head(file, length) {
      const content = files.get(file);
      if (!content) return await elsewhere.head(file, length);
      const { name, bytes } = content;
      return { name, bytes: bytes.subarray(0, length), size: bytes.length };
    },
    content: async (file) => files.get(file) ?? (await elsewhere.content(file)),
    present: async (file) => (files.has(file) ? file : await elsewhere.present(file)),
  };
}

function missing(file: string): InputError {
  return new InputError(`"${file}" is not among the files. Pass its content, too.`);
}

const nowhere: FileAccess = {
  head: async (file) => {
    throw missing(file);
  },
  content: async (file) => {
    throw missing(file);
  },
  present: async () => undefined,
};
