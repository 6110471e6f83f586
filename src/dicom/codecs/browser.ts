import { localDecoder } from "./decode.ts";
import type * as Node from "./node.ts";

// The counterpart of `node.ts` without threads, and so without the second codec for JPEG-LS. The codecs' WebAssembly, 4 MB, is fetched when the
// first compressed frame is decoded: `dcmjs-native-codecs.wasm`, in `build/` of the package dcmjs-codecs, which the page serves beside itself.

const decoder = localDecoder();

export const decodeFrame: typeof Node.decodeFrame = async (frame) => {
  return await decoder(frame);
};
