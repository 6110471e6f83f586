import { z } from "zod";
import { checkedOptions } from "../../check/options.ts";
import { type Decode, localDecoder } from "./decode.ts";
import type * as Node from "./node.ts";

// The counterpart of `node.ts` without threads, and so without the second codec for JPEG-LS. The codecs' WebAssembly, 4 MB, is fetched when the
// first compressed frame is decoded: `dcmjs-native-codecs.wasm`, in `build/` of the package dcmjs-codecs, which the page serves beside itself.

let wasm: string | undefined;
let decoder: Decode | undefined;

const CodecOptions = z.strictObject({ wasm: z.string().min(1).describe("URL of dcmjs-native-codecs.wasm") });

/**
 * Says where the codecs of compressed DICOM files are served, by default beside the page: `dcmjs-native-codecs.wasm`, 4 MB, in `build/` of the
 * package dcmjs-codecs. It applies to frames that are decoded afterwards.
 *
 * @throws ConfigError when the value is not a URL
 */
export function configureCodecs(options: { readonly wasm: string }): void {
  ({ wasm } = checkedOptions(CodecOptions, options, "configureCodecs"));
  decoder = undefined;
}

export const decodeFrame: typeof Node.decodeFrame = async (frame) => {
  decoder ??= localDecoder(wasm === undefined ? {} : { wasm });
  return await decoder(frame);
};
