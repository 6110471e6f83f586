/** Fragments of encapsulated pixel data do not give the frames that the header states. The message has no file. */
export class FragmentError extends Error {}

/** Encapsulated pixel data, and the table of 64-bit offsets beside it, where there is one. */
export interface Encapsulated {
  /** The first is the Basic Offset Table, which may be empty. */
  readonly fragments: readonly Uint8Array[];
  readonly extendedOffsets?: Uint8Array | undefined;
}

/**
 * The fragments of each frame. One frame has all of them. Several frames are told apart by the Extended Offset Table, else by the Basic Offset
 * Table, else by their number where there is one fragment a frame, else by the first bytes of a JPEG or JPEG 2000 stream.
 *
 * @throws FragmentError when none of these gives `frames` frames
 * @see DICOM PS3.5, A.4
 */
export function fragmentsOfFrames({ fragments: [table, ...fragments], extendedOffsets }: Encapsulated, frames: number): Uint8Array[][] {
  if (fragments.length < frames) {
    throw new FragmentError(`its pixel data have ${fragments.length} fragments, too few for ${frames} frames`);
  }
  if (frames === 1) return [fragments];
  const offsets = offsetsIn(extendedOffsets, 8) ?? offsetsIn(table, 4);
  const starts = (offsets && startsByOffset(fragments, offsets)) ?? startsByContent(fragments, frames);
  if (starts.length !== frames) throw new FragmentError(`its pixel data hold ${starts.length} frames; its header says ${frames}`);
  return starts.map((start, i) => fragments.slice(start, starts[i + 1] ?? fragments.length));
}

/** Undefined where there is no table. */
function offsetsIn(table: Uint8Array | undefined, bytes: 4 | 8): number[] | undefined {
  if (!table || table.length < bytes) return undefined;
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const read = (at: number) => (bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true)));
  return Array.from({ length: Math.floor(table.length / bytes) }, (_, i) => read(i * bytes));
}

/** Offsets count from the first fragment's item, whose tag and length take 8 bytes. */
function startsByOffset(fragments: readonly Uint8Array[], offsets: readonly number[]): number[] {
  const places = new Map<number, number>();
  let at = 0;
  for (const [i, { length }] of fragments.entries()) {
    places.set(at, i);
    at += 8 + length;
  }
  const starts = offsets.map((offset) => places.get(offset) ?? -1);
  const isAscending = starts.every((start, i) => start > (starts[i - 1] ?? -1));
  if (!isAscending || starts[0] !== 0) throw new FragmentError("its table of offsets does not point at the fragments of its pixel data");
  return starts;
}

function startsByContent(fragments: readonly Uint8Array[], frames: number): number[] {
  const all = [...fragments.keys()];
  return fragments.length === frames ? all : all.filter((i) => isStreamStart(fragments[i]!));
}

/** Start of image of JPEG (FFD8), start of codestream of JPEG 2000 (FF4F). */
const isStreamStart = ([first, second]: Uint8Array): boolean => first === 0xff && (second === 0xd8 || second === 0x4f);

/** The fragments of a frame joined; not copied where there is one. */
export function joined(fragments: readonly Uint8Array[]): Uint8Array {
  if (fragments.length === 1) return fragments[0]!;
  const whole = new Uint8Array(fragments.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const fragment of fragments) {
    whole.set(fragment, at);
    at += fragment.length;
  }
  return whole;
}
