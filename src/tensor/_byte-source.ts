import { WeightsError } from "../errors.ts";

/** Random access to bytes with a name. Parsers take this instead of a path, so they read only what they need and run on memory too. */
export interface ByteSource {
  /** Name for messages: the path of the file. */
  readonly name: string;
  readonly size: number;
  /**
   * Exactly these bytes, as a copy that starts a buffer of its own.
   *
   * @throws WeightsError when the source ends before them
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Random access to bytes in memory. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      if (offset + length > bytes.byteLength) throw endsEarly(name, offset, length, bytes.byteLength);
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  };
}

/** For a source that ends before the bytes asked for. */
export function endsEarly(name: string, offset: number, length: number, size: number): WeightsError {
  return new WeightsError(
    `"${name}" is incomplete: bytes ${offset} to ${offset + length} are needed, but it ends at byte ${size}. Download or copy it again.`,
  );
}
