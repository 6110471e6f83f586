/** A compressed frame, as it is handed to a codec. */
export interface EncodedFrame {
  readonly codec: "jpeg" | "jpeg-ls" | "jpeg-2000" | "htj2k";
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** Of a cell: 8 or 16. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly isSigned: boolean;
}

/** A codec cannot decode a frame. The message has no file. */
export class CodecError extends Error {}
