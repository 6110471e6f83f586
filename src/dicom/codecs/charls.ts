import { CodecError, type EncodedFrame } from "./encoded-frame.ts";

/**
 * Decodes JPEG-LS with CharLS, which reads streams that the other codec cannot. Damaged streams can keep it busy without end: only for threads
 * that can be given up.
 *
 * @returns cells as `Decode`
 */
export async function decodeWithCharls({ bytes }: EncodedFrame): Promise<Uint8Array> {
  const { default: open } = await import("@cornerstonejs/codec-charls/decode");
  const charls = await open({ print: () => {}, printErr: () => {} });
  const decoder = new charls.JpegLSDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    return decoder.getDecodedBuffer().slice();
  } catch (cause) {
    throw new CodecError("CharLS cannot decode it, either", { cause });
  }
}
