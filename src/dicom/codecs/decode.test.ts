import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { decodeWithCharls } from "./charls.ts";
import { localDecoder } from "./decode.ts";
import { CodecError, type EncodedFrame } from "./encoded-frame.ts";
import { threadDecoder } from "./node.ts";
import { streamHeader } from "./stream-header.ts";

const { NativeCodecs, Context } = (await import("dcmjs-codecs")).default;

const [width, height] = [48, 40];
const pixels = Uint16Array.from({ length: width * height }, (_, i) => (i * 37 + (i % width) * 11) % 4096);

async function encoded(codec: EncodedFrame["codec"]): Promise<EncodedFrame> {
  await NativeCodecs.initializeAsync();
  const context = new Context({
    ...{ width, height, bitsAllocated: 16, bitsStored: 12, samplesPerPixel: 1, pixelRepresentation: 0, planarConfiguration: 0 },
    photometricInterpretation: "MONOCHROME2",
    decodedBuffer: new Uint8Array(pixels.buffer),
  });
  const done = {
    jpeg: () => NativeCodecs.encodeJpeg(context, { lossy: false, predictor: 1 }),
    "jpeg-ls": () => NativeCodecs.encodeJpegLs(context, { lossy: false }),
    "jpeg-2000": () => NativeCodecs.encodeJpeg2000(context, { lossy: false }),
    htj2k: () => NativeCodecs.encodeHtJpeg2000(context, { lossy: false }),
  }[codec]();
  const bytes = done.getEncodedBuffer()!.slice();
  return { codec, bytes, width, height, samples: 1, bitsAllocated: 16, bitsStored: 12, isSigned: false };
}

const decode = localDecoder();
const values = (cells: Uint8Array) => new Uint16Array(Uint8Array.from(cells).buffer);

describe.each(["jpeg", "jpeg-ls", "jpeg-2000", "htj2k"] as const)("%s", (codec) => {
  test("gives back what was encoded, and its header states the size", async () => {
    const frame = await encoded(codec);
    expect(streamHeader(frame.bytes)).toMatchObject({
      width,
      height,
      components: 1,
      precision: expect.toSatisfy((bits: number) => bits === 12 || bits === 16),
    });
    expect(values(await decode(frame))).toEqual(pixels);
  });

  test("that is cut off is refused by its header, and an error of the codec is one of its frame alone", async () => {
    const frame = await encoded(codec);
    for (const share of [0.05, 0.3, 0.6]) {
      const bytes = frame.bytes.slice(0, frame.bytes.length * share);
      expect(() => streamHeader(bytes)).toThrow("is cut off: it lacks the mark of its end");
      const cells = await decode({ ...frame, bytes }).catch((error) => error);
      if (cells instanceof Error) expect(cells).toBeInstanceOf(CodecError);
      if (codec === "jpeg-ls") expect(cells.message).toBe("the codec failed (unreachable)"); // a trap
      expect(values(await decode(frame))).toEqual(pixels);
    }
  });
});

test("CharLS decodes JPEG-LS, too", async () => {
  expect(values(await decodeWithCharls(await encoded("jpeg-ls")))).toEqual(pixels);
});

describe("a thread", () => {
  const folder = mkdtempSync(join(tmpdir(), "codec-thread-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const frame: EncodedFrame = {
    codec: "jpeg",
    bytes: new Uint8Array(),
    width,
    height,
    samples: 1,
    bitsAllocated: 8,
    bitsStored: 8,
    isSigned: false,
  };

  /** A program that answers, hangs, throws or exits by the width of its frame. */
  const program = join(folder, "worker.cjs");
  writeFileSync(
    program,
    `const { parentPort } = require("node:worker_threads");
    parentPort.on("message", ({ id, task }) => {
      if (task.width === 1) for (;;);
      if (task.width === 2) process.exit(3);
      if (task.width === 3) throw new Error("trapped");
      parentPort.postMessage(task.width === 4 ? { id, error: { message: "damaged" } } : { id, value: Uint8Array.of(task.width) });
    });`,
  );

  test("is started anew after it hung, exited or failed; other frames are decoded", async () => {
    const ask = threadDecoder(program, ({ width }) => (width === 1 ? 1000 : 600_000));
    const of = (width: number) => ask({ ...frame, width });
    const results = await Promise.allSettled([9, 1, 8, 2, 7, 3, 6, 4, 5].map(of));
    expect(results.map((result) => (result.status === "fulfilled" ? result.value[0] : String(result.reason.message)))).toEqual([
      9,
      "the codec did not end within 1 s",
      8,
      "the codec's thread ended with status 3",
      7,
      "trapped",
      6,
      "damaged",
      5,
    ]);
  });
});
