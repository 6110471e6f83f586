import type { NamedBytes } from "./sources/image-source.ts";

/** The first bytes of a file. */
export interface FileHead extends NamedBytes {
  /** Bytes of the whole file. */
  readonly size: number;
}

/** Files by their names: on disk by path, or in memory. */
export interface FileAccess {
  /** The first bytes of a file, or all of a shorter one. @throws InputError when it cannot be read */
  head(file: string, length: number): Promise<FileHead>;
  /** All bytes of a file. @throws InputError when it cannot be read */
  content(file: string): Promise<NamedBytes>;
  /** The name under which there is a file; undefined where there is none. */
  present(file: string): Promise<string | undefined>;
}
