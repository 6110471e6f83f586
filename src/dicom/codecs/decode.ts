import { CodecError, type EncodedFrame } from "./encoded-frame.ts";

/**
 * Decodes a frame to cells, lowest byte first: interleaved, or in planes where the stream has them.
 *
 * @throws CodecError when the data are damaged; other frames can be decoded then
 */
export type Decode = (frame: EncodedFrame) => Promise<Uint8Array>;

type Codecs = typeof import("dcmjs-codecs");

interface DecoderOptions {
  /** URL or path of `dcmjs-native-codecs.wasm`; default: beside the program of dcmjs-codecs, where Node finds it. */
  readonly wasm?: string;
  /** Decodes JPEG-LS streams that the first codec cannot. */
  readonly second?: Decode;
}

/**
 * The codecs of dcmjs-codecs: JPEG, JPEG-LS, JPEG 2000 and HTJ2K as one WebAssembly module.
 *
 * A trap ("unreachable") leaves the module unusable for every later call, so that it is released and loaded anew then.
 */
export function localDecoder({ wasm, second }: DecoderOptions = {}): Decode {
  const load = async (): Promise<Codecs> => {
    const { default: codecs } = await import("dcmjs-codecs");
    if (!codecs.NativeCodecs.isInitialized()) {
      await codecs.NativeCodecs.initializeAsync(wasm === undefined ? {} : { webAssemblyModulePathOrUrl: wasm });
    }
    return codecs;
  };
  return async (frame) => {
    const codecs = await load();
    try {
      return nativeCells(codecs, frame);
    } catch (cause) {
      // Also after an error that the codec reports: it may not have freed what it held.
      codecs.NativeCodecs.release();
      if (second && frame.codec === "jpeg-ls") return await second(frame);
      throw new CodecError(reasonOf(cause), { cause });
    }
  };
}

function nativeCells({ NativeCodecs, Context }: Codecs, frame: EncodedFrame): Uint8Array {
  const context = new Context({
    width: frame.width,
    height: frame.height,
    samplesPerPixel: frame.samples,
    bitsAllocated: frame.bitsAllocated,
    bitsStored: frame.bitsStored,
    pixelRepresentation: frame.isSigned ? 1 : 0,
    planarConfiguration: 0,
    // Colours are converted by the caller, who knows what the stream and the header say about them.
    photometricInterpretation: frame.samples === 1 ? "MONOCHROME2" : "RGB",
    encodedBuffer: frame.bytes,
  });
  const decode = {
    jpeg: () => NativeCodecs.decodeJpeg(context, { convertColorspaceToRgb: false }),
    "jpeg-ls": () => NativeCodecs.decodeJpegLs(context),
    "jpeg-2000": () => NativeCodecs.decodeJpeg2000(context),
    htj2k: () => NativeCodecs.decodeHtJpeg2000(context),
  }[frame.codec];
  const cells = decode().getDecodedBuffer();
  if (!cells) throw new CodecError("the codec returned no pixels");
  return cells;
}

function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return `the codec failed (${text.split("\n")[0]!.slice(0, 200)})`;
}
