/** The decoder of CharLS, as JavaScript without a WebAssembly file of its own. */
declare module "@cornerstonejs/codec-charls/decode" {
  interface JpegLsDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getDecodedBuffer(): Uint8Array;
  }
  interface CharLs {
    readonly JpegLSDecoder: new () => JpegLsDecoder;
  }
  interface Settings {
    print?(text: string): void;
    printErr?(text: string): void;
  }
  function open(settings?: Settings): Promise<CharLs>;
  // biome-ignore lint/style/noDefaultExport: the package exports it so
  export default open;
}
