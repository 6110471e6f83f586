import type { Attributes } from "../../dicom/attributes.ts";
import { InputError } from "../../errors.ts";

/** Where the pixels of a frame lie: the first one, and the steps to the next column and row, in mm (LPS). */
export interface PixelPlace {
  readonly first: readonly number[];
  readonly perColumn: readonly number[];
  readonly perRow: readonly number[];
}

/**
 * The places of frames, straight from the headers of their objects. Nothing that writes or reads results uses this function: it is what their
 * objects are checked with, and shares no mistake with them.
 *
 * @returns places in pixels and frames where the headers do not tell all of them, in one frame of reference
 */
export function placesInHeaders(frames: readonly { readonly header: Attributes; readonly number?: number | undefined }[]): PixelPlace[] {
  const places = frames.map(({ header, number }) => placeInHeader(header, number));
  const references = new Set(frames.map(({ header }) => header.text("FrameOfReferenceUID")));
  const areKnown = references.size === 1 && !references.has(undefined);
  return places.map((place, i) =>
    areKnown && places.every((each) => each) ? place! : { first: [0, 0, i], perColumn: [1, 0, 0], perRow: [0, 1, 0] },
  );
}

function placeInHeader(header: Attributes, number: number | undefined): PixelPlace | undefined {
  const own = header.items("PerFrameFunctionalGroupsSequence")[(number ?? 1) - 1];
  const shared = header.items("SharedFunctionalGroupsSequence")[0];
  const find = (sequence: string, keyword: string, whole: boolean) =>
    [own?.items(sequence)[0], shared?.items(sequence)[0], whole ? header : undefined].find((at) => at?.has(keyword))?.numbers(keyword) ??
    [];
  const [x, y, z] = find("PlanePositionSequence", "ImagePositionPatient", number === undefined);
  const [rx, ry, rz, cx, cy, cz] = find("PlaneOrientationSequence", "ImageOrientationPatient", number === undefined);
  const [betweenRows, betweenColumns] = find("PixelMeasuresSequence", "PixelSpacing", true);
  if (z === undefined || cz === undefined || betweenColumns === undefined || !(betweenRows! > 0 && betweenColumns > 0)) return undefined;
  return {
    first: [x!, y!, z],
    perColumn: [rx! * betweenColumns, ry! * betweenColumns, rz! * betweenColumns],
    perRow: [cx! * betweenRows!, cy! * betweenRows!, cz * betweenRows!],
  };
}

/** The centroid of a structure, summed up frame by frame. */
export class Centroid {
  private readonly sum = [0, 0, 0];
  private weight = 0;

  /** Adds the pixels of a frame, each with its level as weight. @param levels - row-major */
  add(levels: Uint8Array, columns: number, { first, perColumn, perRow }: PixelPlace): void {
    let [weight, column, row] = [0, 0, 0];
    for (let i = 0, x = 0, y = 0; i < levels.length; i++) {
      const level = levels[i]!;
      if (level !== 0) {
        weight += level;
        column += level * x;
        row += level * y;
      }
      if (++x === columns) [x, y] = [0, y + 1];
    }
    for (const axis of [0, 1, 2]) this.sum[axis]! += weight * first[axis]! + column * perColumn[axis]! + row * perRow[axis]!;
    this.weight += weight;
  }

  /** Adds a centroid with its weight. */
  addPoint(point: readonly number[], weight: number): void {
    for (const axis of [0, 1, 2]) this.sum[axis]! += weight * point[axis]!;
    this.weight += weight;
  }

  /** Undefined if nothing was added. */
  get point(): readonly number[] | undefined {
    return this.weight === 0 ? undefined : this.sum.map((value) => value / this.weight);
  }
}

/**
 * Compares where an object, read back, says that a structure is with where its mask is.
 *
 * @param what - names object and structure in the message
 * @throws InputError when they are farther apart than the tolerance, or one is empty: the object must not be written
 */
export function requireSamePlace(
  what: string,
  { expected, found, tolerance }: { readonly expected: Centroid; readonly found: Centroid; readonly tolerance: number },
): void {
  const [mask, read] = [expected.point, found.point];
  if (!mask && !read) return;
  const apart = mask && read ? Math.hypot(...mask.map((value, i) => value - read[i]!)) : Number.POSITIVE_INFINITY;
  if (apart <= tolerance) return;
  const difference = Number.isFinite(apart) ? `its centroid would be ${apart.toPrecision(3)} mm from that of its mask` : "it would be lost";
  throw new InputError(
    `${what}: read back, ${difference}; at most ${tolerance} mm are allowed. Nothing was written. Report this as a fault.`,
  );
}
