import { expect, test } from "vitest";
import { FragmentError, fragmentsOfFrames, joined } from "./fragments.ts";

const [none, start, more] = [new Uint8Array(), Uint8Array.of(0xff, 0xd8, 1, 2), Uint8Array.of(3, 4)];
const table = (...offsets: number[]) => new Uint8Array(Uint32Array.from(offsets).buffer);
const sizes = (frames: readonly (readonly Uint8Array[])[]) => frames.map((fragments) => fragments.map(({ length }) => length));

test("one frame has all fragments, whatever the table says", () => {
  expect(sizes(fragmentsOfFrames({ fragments: [table(0, 12), start, more] }, 1))).toEqual([[4, 2]]);
  expect([...joined([start, more])]).toEqual([0xff, 0xd8, 1, 2, 3, 4]);
});

test("frames begin where the tables say, of which the extended one counts", () => {
  const fragments = [start, more, start, more, more];
  // Each fragment has 8 bytes before it.
  expect(sizes(fragmentsOfFrames({ fragments: [table(0, 22), ...fragments] }, 2))).toEqual([
    [4, 2],
    [4, 2, 2],
  ]);
  const extendedOffsets = new Uint8Array(BigUint64Array.of(0n, 12n).buffer);
  expect(sizes(fragmentsOfFrames({ fragments: [none, ...fragments], extendedOffsets }, 2))).toEqual([[4], [2, 4, 2, 2]]);
});

test("without a table, there is one fragment a frame, or frames begin with a stream", () => {
  expect(sizes(fragmentsOfFrames({ fragments: [none, more, more] }, 2))).toEqual([[2], [2]]);
  expect(sizes(fragmentsOfFrames({ fragments: [none, start, more, start] }, 2))).toEqual([[4, 2], [4]]);
});

test("fragments that do not give the frames are refused", () => {
  expect(() => fragmentsOfFrames({ fragments: [none, more] }, 2)).toThrow("its pixel data have 1 fragments, too few for 2 frames");
  expect(() => fragmentsOfFrames({ fragments: [none] }, 1)).toThrow(FragmentError);
  expect(() => fragmentsOfFrames({ fragments: [none, start, more, more] }, 2)).toThrow("hold 1 frames; its header says 2");
  expect(() => fragmentsOfFrames({ fragments: [table(0, 13), start, more] }, 2)).toThrow("does not point at the fragments");
});
