/** Bytes (Latin-1) by which a format is known, and where in a file they stand; all of them must be there. */
export type Signature = readonly (readonly [at: number, bytes: string])[];

/** Bytes from the start of a file that hold all signatures. */
export const headLength = 352;

/** Whether a file begins like this. @param head - its first bytes, `headLength` of them or all that there are */
export function beginsLike(head: Uint8Array, signature: Signature): boolean {
  return signature.every(([at, bytes]) => String.fromCharCode(...head.subarray(at, at + bytes.length)) === bytes);
}
