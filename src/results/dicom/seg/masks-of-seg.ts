import { InputError } from "../../../errors.ts";
import { type Plane, planesOf, type SourceFrame } from "../source.ts";
import type { ReadSeg, ReadSegFrame, ReadSegment } from "./read-seg.ts";

/** The masks of a segmentation, by the frames that they lie on. */
export interface SegMasks {
  /** Number of frames: of the source if it is given, else those with pixels. */
  readonly count: number;
  /** Levels of a segment in a frame (from 0): 0 or 1, or 0 to the object's maximum; undefined where the object holds none. */
  levelsOf(segment: ReadSegment, frame: number): Promise<Uint8Array | undefined>;
}

/**
 * Where the frames of a segmentation belong: to the frames of a source, by the instances and frame numbers that it names, else by position;
 * without a source in the order of their positions, else of the frames that they name.
 *
 * @throws InputError when a frame belongs to none of the source's frames, or sizes differ
 */
export function masksOfSeg(seg: ReadSeg, source?: readonly SourceFrame[]): SegMasks {
  const places = source ? placesIn(seg, source) : ownPlaces(seg);
  const found = new Map<string, number[]>();
  for (const [i, { segment }] of seg.frames.entries()) {
    const key = `${segment ?? ""}@${places.of[i]}`;
    found.set(key, [...(found.get(key) ?? []), i]);
  }
  return {
    count: places.count,
    async levelsOf({ number }, frame) {
      if (seg.kind === "labelmap") {
        const [own] = found.get(`@${frame}`) ?? [];
        return own === undefined ? undefined : Uint8Array.from(await seg.pixels(own), (label) => (label === number ? 1 : 0));
      }
      let all: Uint8Array | undefined;
      for (const own of found.get(`${number}@${frame}`) ?? []) {
        const levels = Uint8Array.from(await seg.pixels(own));
        all = all ? all.map((level, i) => Math.max(level, levels[i]!)) : levels;
      }
      return all;
    },
  };
}

interface Places {
  /** Frame of the source, by the object's frame. */
  readonly of: readonly number[];
  readonly count: number;
}

function placesIn(seg: ReadSeg, source: readonly SourceFrame[]): Places {
  const [first] = source;
  const [rows, columns] = [first?.header.number("Rows"), first?.header.number("Columns")];
  if (rows !== seg.rows || columns !== seg.columns)
    throw new InputError(
      `"${seg.name}" has frames of ${seg.columns} x ${seg.rows} pixels, its source ${columns} x ${rows}. Give the series that it was made from.`,
    );
  const byInstance = new Map<string, number>();
  for (const [i, { header, number }] of source.entries()) byInstance.set(`${header.text("SOPInstanceUID")}#${number ?? 1}`, i);
  const planes = planesOf(source);
  const sameReference = seg.frameOfReference !== undefined && seg.frameOfReference === first?.header.text("FrameOfReferenceUID");
  const of = seg.frames.map((frame, i) => {
    const named = new Set(frame.sources.flatMap(({ instance, frame = 1 }) => byInstance.get(`${instance}#${frame}`) ?? []));
    const [only] = named;
    if (named.size === 1) return only!;
    const place = planes && sameReference ? nearestPlane(frame.plane, planes) : undefined;
    if (place !== undefined) return place;
    throw new InputError(`"${seg.name}": frame ${i + 1} belongs to no frame of the source. Give the series that it was made from.`);
  });
  return { of, count: source.length };
}

/** Farthest that two positions of one plane may be apart, in mm. */
const samePlaceMm = 0.05;

const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));

function nearestPlane(plane: Plane | undefined, planes: readonly Plane[]): number | undefined {
  if (!plane) return undefined;
  const distances = planes.map(({ position }) => distance(position, plane.position));
  const best = distances.indexOf(Math.min(...distances));
  const isSame =
    distances[best]! <= samePlaceMm &&
    distance(planes[best]!.orientation, plane.orientation) < 1e-3 &&
    distance(planes[best]!.spacing, plane.spacing) < 1e-3;
  return isSame ? best : undefined;
}

function ownPlaces({ frames }: ReadSeg): Places {
  const keys = frames.every(({ plane }) => plane !== undefined) ? frames.map(heightOf) : undefined;
  if (keys) {
    const heights = [...new Set(keys)].sort((a, b) => a - b);
    return { of: keys.map((height) => heights.indexOf(height)), count: heights.length };
  }
  const names = frames.map(({ sources: [first] }, i) =>
    first ? `${first.instance}#${String(first.frame ?? 1).padStart(9, "0")}` : `${i}`,
  );
  const instances = [...new Set(names.map((name) => name.split("#")[0]!))];
  const order = [...new Set(names)].sort((a, b) => {
    const [one, other] = [a.split("#"), b.split("#")];
    return instances.indexOf(one[0]!) - instances.indexOf(other[0]!) || (a < b ? -1 : 1);
  });
  return { of: names.map((name) => order.indexOf(name)), count: order.length };
}

/** Place of a frame along the normal of its plane, in mm, rounded so that one place has one number. */
function heightOf({ plane }: ReadSegFrame): number {
  const { orientation: o, position: p } = plane!;
  const normal = [o[1]! * o[5]! - o[2]! * o[4]!, o[2]! * o[3]! - o[0]! * o[5]!, o[0]! * o[4]! - o[1]! * o[3]!];
  return Math.round((normal[0]! * p[0]! + normal[1]! * p[1]! + normal[2]! * p[2]!) * 1000) / 1000;
}
