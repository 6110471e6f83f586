/** Signature bytes (Latin-1) of a format with their offsets; all must be present. */
export type Signature = readonly (readonly [at: number, bytes: string])[];

/** Bytes from the start of a file that hold all signatures. */
export const headLength = 352;

/** Whether a file has this signature. @param head - its first `headLength` bytes, or all of a shorter file */
export function beginsLike(head: Uint8Array, signature: Signature): boolean {
  return signature.every(([at, bytes]) => String.fromCharCode(...head.subarray(at, at + bytes.length)) === bytes);
}
